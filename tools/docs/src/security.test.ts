// docs/security.md says nothing without showing it: each row names the tests that hold it, or that it is open.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const page = 'docs/security.md';
const text = readFileSync(page, 'utf8');

/** `[the test's name](path of its file)`; a name may have what `it.each` fills in. */
const links = [
  ...text.matchAll(
    /\[([^\]]+)\]\(([^)#]+(?:\.(?:test|e2e|conformance|packaging)\.ts|_test\.py|scenarios\/[a-z-]+\.ts))\)/g,
  ),
].map(([, name = '', target = '']) => [name.replaceAll('`', ''), target] as const);
const rows = text.split('\n').filter((line) => line.startsWith('|') && !/^\|[\s|:-]+\|$/.test(line));
const isHeading = (row: string): boolean => row.startsWith('| What');

describe(page, () => {
  it.each(links)('the test "%s" is in %s', (name, target) => {
    const file = join('docs', target);
    expect(existsSync(file), `${file} is not there`).toBe(true);
    const source = readFileSync(file, 'utf8').replaceAll('\\', '');
    const starts = ["'", '"', '`', 'def '].map((before) => `${before}${name}`);
    expect(starts.filter((start) => source.includes(start))).not.toEqual([]);
  });

  it('every row has a test, or says that it is open', () => {
    const bare = rows.filter((row) => !isHeading(row) && !/_test\.py\)|\.ts\)/.test(row) && !row.includes('**Open**'));
    expect(bare).toEqual([]);
    expect(links.length).toBeGreaterThan(20);
  });
});
