import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readLines } from './lines.js';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'lines-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const file = (content: string): string => {
  const path = join(directory, 'file');
  writeFileSync(path, content);
  return path;
};

it.each([1, 2, 3, 5, 7, 100])('lines are whole though they are read %i bytes at a time', (pieceSize) => {
  const content = 'eins\n\nzwölf – ✓\nlast\n';
  const lines = [...readLines(file(content), { pieceSize })];
  expect(lines.map(({ text }) => text)).toEqual(['eins', '', 'zwölf – ✓', 'last']);
  expect(lines.map(({ number }) => number)).toEqual([1, 2, 3, 4]);
  for (const { text, offset } of lines)
    expect(
      Buffer.from(content)
        .subarray(offset)
        .toString()
        .startsWith(text ?? '-'),
    ).toBe(true);
});

it('a line without its end is told from others', () => {
  const lines = [...readLines(file('a\nb'), { pieceSize: 2 })];
  expect(lines.map(({ text, complete }) => [text, complete])).toEqual([
    ['a', true],
    ['b', false],
  ]);
  expect([...readLines(file(''))]).toEqual([]);
});

it('a line that is too long is skipped, and those behind it are read', () => {
  const lines = [...readLines(file(`a\n${'x'.repeat(50)}\nb\n`), { pieceSize: 4, longestLine: 10 })];
  expect(lines.map(({ text, offset }) => [text, offset])).toEqual([
    ['a', 0],
    [undefined, 2],
    ['b', 53],
  ]);
});
