// The page of pitfalls names a test for each: they must be there.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = new URL('../../../docs/concepts/', import.meta.url);
const page = readFileSync(new URL('pitfalls.md', root), 'utf8');
const rows = [...page.matchAll(/^\|\s*(\d+)\s*\|[^|]*\|\s*\[[^\]]*\]\(([^)]*)\): (.*?)\s*\|$/gm)].map(
  ([, number = '', path = '', title = '']) => ({ number: Number(number), path, title }),
);
const plain = (text: string) => text.replace(/\s*\(pitfall \d+\)/g, '');

describe('the pitfalls', () => {
  it('are fifteen, sorted, each with a test', () => {
    const numbers = rows.map(({ number }) => number);
    expect([...new Set(numbers)]).toEqual(Array.from({ length: 15 }, (_, index) => index + 1));
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  });

  it.each(rows)('$number: $title', ({ path, title }) => {
    const file = fileURLToPath(new URL(path, root));
    expect(existsSync(file)).toBe(true);
    expect(plain(readFileSync(file, 'utf8'))).toContain(title);
  });
});
