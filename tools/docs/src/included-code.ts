// What pages show of the code is the code: a comment says what, and the block after it is replaced by what that is now.
//
//     <!-- code: packages/placement/src/crd.ts -->             the whole file
//     <!-- code: packages/glance/src/glance.ts declare -->     one declaration of it
//     <!-- lines: packages/placement packages/glance -->       a table of their lines of code
import { linesOf } from '@stackwright/workspace';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { markdownTable } from './markdown.js';

const code = /<!-- code: (\S+)(?: (\w+))? -->\n\n```(\w+)\n[^]*?```\n/g;
const lines = /<!-- lines: ([^>]+) -->\n\n(?:\|.*\n)+/g;

/** The page with the code as it is now. Throws where a file, or a declaration in it, is not there. */
export function withCode(page: string): string {
  return page
    .replace(code, (_block, file: string, name: string | undefined, language: string) => {
      const text = readFileSync(file, 'utf8').trimEnd();
      const shown = name === undefined ? text : declaration(file, text, name);
      return `<!-- code: ${file}${name === undefined ? '' : ` ${name}`} -->\n\n\`\`\`${language}\n${shown}\n\`\`\`\n`;
    })
    .replace(
      lines,
      (_block, packages: string) => `<!-- lines: ${packages} -->\n\n${linesTable(packages.split(' '))}\n`,
    );
}

/** A function, a constant, an interface by its name, with the comment above it. */
function declaration(path: string, text: string, name: string): string {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found = file.statements.find((statement) =>
    ts.isVariableStatement(statement)
      ? statement.declarationList.declarations.some((one) => one.name.getText() === name)
      : (statement as Partial<ts.DeclarationStatement>).name?.getText() === name,
  );
  if (!found) throw new Error(`${path} declares no ${name}`);
  return found.getFullText().trim();
}

function linesTable(packages: readonly string[]): string {
  const rows = packages.map(linesOf).map(({ package: name, files, lines, code, tests }) => ({
    name: `\`${name}\``,
    figures: [files, lines, code, tests].map(String),
  }));
  return aligned(
    markdownTable(
      ['Package', 'Files', 'Lines', 'Code', 'Tests'],
      rows.map(({ name, figures }) => [name, ...figures]),
    ),
  );
}

/** As the formatter leaves tables. */
function aligned(table: string): string {
  const rows = table.split('\n').map((row) =>
    row
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
  const widths = (rows[0] ?? []).map((_, at) => Math.max(3, ...rows.map((row) => row[at]?.length ?? 0)));
  const cell = (text: string, at: number) =>
    text === '---' ? '-'.repeat(widths[at] ?? 3) : text.padEnd(widths[at] ?? 3);
  return rows.map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');
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
