// npm run lines: lines of code by package; `npm run lines -- placement glance` only of these.
import { linesOf, packagesIn, type Lines } from './lines.js';

const names = process.argv.slice(2);
const found = packagesIn('packages', 'tools').filter(
  (path) => names.length === 0 || names.some((name) => path === name || path.endsWith(`/${name}`)),
);
const missing = names.filter((name) => !found.some((path) => path === name || path.endsWith(`/${name}`)));
if (missing.length > 0) {
  console.error(`error: no package ${missing.join(', ')}`);
  process.exit(1);
}

const counted = found.map(linesOf);
const sum = (field: 'files' | 'lines' | 'code' | 'tests') => counted.reduce((total, lines) => total + lines[field], 0);
const total: Lines = {
  package: 'total',
  files: sum('files'),
  lines: sum('lines'),
  code: sum('code'),
  tests: sum('tests'),
};

const cells = (lines: Lines) => [lines.package, lines.files, lines.lines, lines.code, lines.tests].map(String);
const rows = [
  ['package', 'files', 'lines', 'code', 'tests'],
  ...counted.map(cells),
  ...(counted.length > 1 ? [cells(total)] : []),
];
const widths = rows.reduce<number[]>((most, row) => row.map((cell, at) => Math.max(most[at] ?? 0, cell.length)), []);
for (const row of rows) {
  console.log(
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join('  '),
  );
}
