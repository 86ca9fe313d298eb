import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const below = (directory: string): string[] =>
  readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' || entry.name === 'dist' ? [] : below(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
const documents = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', ...['docs', 'packages', 'tools'].flatMap(below)];

/** As GitHub makes anchors of headings. */
const anchorsOf = (text: string): string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .trim()
      .replace(/\s/g, '-'),
  );

describe('documentation', () => {
  it.each(documents)('%s links to files and headings that exist', (path) => {
    const text = readFileSync(path, 'utf8').replace(/```[^]*?```|`[^`\n]*`/g, '');
    const links = [...text.matchAll(/\]\((?!https?:)([^)]+)\)/g)].map(([, target = '']) => target);
    const broken = links.filter((link) => {
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? path : join(dirname(path), file);
      return !existsSync(target) || (anchor !== undefined && !anchorsOf(readFileSync(target, 'utf8')).includes(anchor));
    });
    expect(broken).toEqual([]);
  });
});
