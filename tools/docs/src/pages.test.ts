import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { withCode, writtenPages } from './included-code.js';
import { pages, render } from './pages.js';

describe('docs/reference', () => {
  it.each(Object.entries(pages))('%s says what the code says (else: npm run generate)', async (path, page) => {
    expect(readFileSync(path, 'utf8')).toBe(await render(page));
  });
});

describe('code in pages', () => {
  it.each(writtenPages())('%s shows the examples as they are (else: npm run generate)', (path) => {
    const page = readFileSync(path, 'utf8');
    expect(page).toBe(withCode(page));
  });
});
