import { stripVTControlCharacters } from 'node:util';

const width = (cell: string): number => stripVTControlCharacters(cell).length;

/** Columns aligned by their widest cell (colours do not count), two spaces between them, none at the end. */
export function table(rows: readonly (readonly string[])[], indent = ''): string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, width(cell))));
  return rows.map((row) =>
    (indent + row.map((cell, i) => cell + ' '.repeat((widths[i] ?? 0) - width(cell))).join('  ')).trimEnd(),
  );
}
