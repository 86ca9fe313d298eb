// Rights granted, held against those that are used. Those that the suite has used stand in the repository (`npm run rights`
// writes them), so that the table can be made, and held against the code, without the suite being run.
import { readFileSync } from 'node:fs';
import { grantedRights } from './granted.js';
import { reasonFor } from './reasons.js';
import { read, type Right } from './right.js';

export const usedFile = new URL('./used.txt', import.meta.url);

export interface Row extends Right {
  /** Whether the suite has used it. */
  used: boolean;
  /** Of what it has not. Undefined: none, which no right may have. */
  why?: string;
}

export const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');

export function rightsTable(used: ReadonlySet<string> = new Set(linesOf(readFileSync(usedFile, 'utf8')))): Row[] {
  return grantedRights().map((line) => {
    const right = read(line);
    const why = used.has(line) ? undefined : reasonFor(right);
    return { ...right, used: used.has(line), ...(why === undefined ? {} : { why }) };
  });
}
