// The README draws the rooms of this package, and says in which order they stand on each other.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';

const root = import.meta.dirname;
const readme = readFileSync(join(root, '../README.md'), 'utf8');
const rooms = [...readme.matchAll(/^\| `(\w+)\/`/gm)].map(([, room = '']) => room);

it('the rooms of the README are those that there are', () => {
  const folders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect([...rooms].sort()).toEqual(folders.map(({ name }) => name).sort());
});

it.each(rooms)('%s/ imports from no room below it in the table, and nothing that puts rooms together', (room) => {
  const files = readdirSync(join(root, room)).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
  const upwards = files.flatMap((file) => {
    const imported = [...readFileSync(join(root, room, file), 'utf8').matchAll(/from '(\.\.\/[^']+)'/g)];
    return imported
      .map(([, path = '']) => dirname(path).replace(/^\.\.\/?/, ''))
      .filter((other) => !rooms.slice(0, rooms.indexOf(room) + 1).includes(other))
      .map((other) => `${file}: ${other || 'the package itself'}`);
  });
  expect(upwards).toEqual([]);
});
