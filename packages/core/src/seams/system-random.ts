// Real chance.
import { randomBytes, randomUUID } from 'node:crypto';
import type { Random } from './random.js';

export const systemRandom: Random = Object.freeze({
  float: () => Math.random(),
  uuid: () => randomUUID(),
  bytes: (length: number) => new Uint8Array(randomBytes(length)),
});
