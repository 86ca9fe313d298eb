// Rows as lines: a block that is redrawn on terminals, and transitions with a time stamp elsewhere. Pure.
import type { Colors } from '../terminal/terminal.js';
import { age } from '../terminal/duration.js';
import { table } from '../terminal/table.js';
import type { Row } from './progress.js';

const marks: Record<Row['state'], string> = { Ready: '✓', Waiting: '·', Failed: '✗' };

export interface BlockOptions {
  colors: Colors;
  /** Width of the terminal. */
  columns: number;
  /** Milliseconds since the epoch. */
  now: number;
  /** Shown in place of the mark of what is waiting: the frame of a spinner. */
  spinner?: string;
}

export function renderBlock(
  title: string,
  rows: readonly Row[],
  { colors, columns, now, spinner }: BlockOptions,
): string[] {
  const colored = (state: Row['state'], text: string): string =>
    state === 'Ready' ? colors.green(text) : state === 'Failed' ? colors.red(text) : colors.cyan(text);
  const names = Math.max(0, ...rows.map(({ name }) => name.length));
  const room = Math.max(20, columns - names - '  ✓    12m59s  '.length);
  const cells = rows.map(({ name, state, text, since }) => [
    colored(state, state === 'Waiting' && spinner ? spinner : marks[state]),
    name,
    state === 'Ready' || since === undefined ? '' : age(now - Date.parse(since)),
    state === 'Failed' ? colors.red(cut(text, room)) : cut(text, room),
  ]);
  return [colors.bold(title), ...table(cells, '  ')];
}

const cut = (text: string, room: number): string => (text.length <= room ? text : `${text.slice(0, room - 1)}…`);

/** Prints each row when it says something else than before, and only then. */
export class Transitions {
  readonly #last = new Map<string, string>();

  next(rows: readonly Row[], now: Date): string[] {
    const lines: string[] = [];
    for (const { name, state, text } of rows) {
      const line = `${name}: ${state === 'Ready' ? `Ready${text ? ` ${text}` : ''}` : text}`;
      if (this.#last.get(name) === line) continue;
      this.#last.set(name, line);
      lines.push(`${clockTime(now)} ${line}`);
    }
    return lines;
  }
}

/** Local time of day, HH:MM:SS. */
export const clockTime = (date: Date): string => date.toTimeString().slice(0, 8);
