import type { Program } from '../program.js';
import { serveTcp } from './serve.js';

const PORT = 11211;

export const memcached: Program = async (context) => {
  await serveTcp(context.spec.ports[0]?.containerPort ?? PORT, context);
  return 0;
};
