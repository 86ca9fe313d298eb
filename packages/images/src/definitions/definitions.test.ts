import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { accounts } from '../accounts.js';
import { keyOf } from '../definition.js';
import { parentOf } from '../graph.js';
import { definitions } from './index.js';

it('every image stands on one that is defined before it', () => {
  definitions.forEach((definition, index) => {
    const parent = parentOf(definition, definitions);
    if (parent !== undefined) expect(definitions.indexOf(parent)).toBeLessThan(index);
  });
});

it('names and ids are unique', () => {
  expect(new Set(definitions.map(keyOf)).size).toBe(definitions.length);
  const ids = Object.values(accounts).map(({ uid }) => uid);
  expect(new Set(ids).size).toBe(ids.length);
  // Ours, and those that Debian gives to these services itself.
  expect(ids.every((uid) => (uid >= 64100 && uid < 64200) || (uid >= 64060 && uid <= 64062))).toBe(true);
});

it('who runs in an image exists in it, and nothing that is used directly runs as root', () => {
  for (const { user, accounts: created = [], internal } of definitions) {
    if (user !== undefined) expect(created).toContain(user);
    if (internal !== true) expect(user).toBeDefined();
  }
});

it('bundled controllers are packages of this workspace', () => {
  for (const bundle of definitions.flatMap(({ bundles = [] }) => bundles)) {
    expect(existsSync(fileURLToPath(new URL(`../../../../packages/${bundle}`, import.meta.url)))).toBe(true);
  }
});
