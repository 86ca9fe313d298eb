// Code in pages is the code of the examples, which are compiled and tested: a comment names the file, and the block after
// it is replaced by what that file holds.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const included = /<!-- code: (\S+) -->\n\n```(\w+)\n[^]*?```\n/g;

/** The page with the code as it is now. Throws where a file is not there. */
export function withCode(page: string): string {
  return page.replace(included, (_block, file: string, language: string) => {
    return `<!-- code: ${file} -->\n\n\`\`\`${language}\n${readFileSync(file, 'utf8').trimEnd()}\n\`\`\`\n`;
  });
}

/** The pages that are written by hand, by their path in the repository. */
export function writtenPages(directory = 'docs'): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory())
      return ['reference', 'node_modules', 'dist'].includes(entry.name) ? [] : writtenPages(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}
