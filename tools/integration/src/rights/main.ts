// npm run rights: what the suite has just used, written down in the directory that it was given, becomes used.txt. With --check
// nothing is written: it fails where the suite used something that is not there, or no longer uses what has no other reason.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { reasonFor } from './reasons.js';
import { read } from './right.js';
import { linesOf, usedFile } from './table.js';

const [directory = '', ...flags] = process.argv.slice(2);
const files = readdirSync(directory).map((name) => readFileSync(join(directory, name), 'utf8'));
const now = [...new Set(files.flatMap(linesOf))].sort();
if (now.length === 0) throw new Error(`${directory}: no controller has used anything`);

if (flags.includes('--check')) {
  const before = linesOf(readFileSync(usedFile, 'utf8'));
  // What depends on who was faster is used in one run and not in another.
  const isSure = (line: string): boolean => reasonFor(read(line)) === undefined;
  const more = now.filter((line) => isSure(line) && !before.includes(line));
  const less = before.filter((line) => isSure(line) && !now.includes(line));
  for (const line of more) console.error(`used, and not in used.txt: ${line}`);
  for (const line of less) console.error(`in used.txt, and used no more: ${line}`);
  if (more.length + less.length > 0) {
    console.error('Run npm run rights, and say in reasons.ts why what is not used is granted, or grant it no more.');
    process.exitCode = 1;
  }
} else {
  writeFileSync(usedFile, `${now.join('\n')}\n`);
  console.log(`${now.length} rights used`);
}
