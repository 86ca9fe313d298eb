import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { pages, render } from './pages.js';

describe('docs/reference', () => {
  it.each(Object.entries(pages))('%s says what the code says (else: npm run generate)', async (path, page) => {
    expect(readFileSync(path, 'utf8')).toBe(await render(page));
  });
});
