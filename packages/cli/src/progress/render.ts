// Rows as lines: a block that is redrawn on terminals, and transitions with a time stamp elsewhere. Pure.
import type { Colors } from '../terminal/terminal.js';
import { age } from '../terminal/duration.js';
import { table } from '../terminal/table.js';
import type { Row } from './progress.js';

const marks: Record<Row['state'], string> = { Ready: '✓', Waiting: '·', Failed: '✗', Unknown: '?' };

export interface BlockOptions {
  colors: Colors;
  /** Width of the terminal; undefined: nothing is as long as that it would not fit. */
  columns: number | undefined;
  /** What becomes of what does not fit into a line. Default 'cut': a block that is redrawn must not grow. */
  overflow?: 'cut' | 'wrap';
  /** Milliseconds since the epoch. */
  now: number;
  /** Shown in place of the mark of what is waiting: the frame of a spinner. */
  spinner?: string;
}

export function renderBlock(
  title: string,
  rows: readonly Row[],
  { colors, columns = Infinity, overflow = 'cut', now, spinner }: BlockOptions,
): string[] {
  const paint: Record<Row['state'], (text: string) => string> = {
    Ready: colors.green,
    Waiting: colors.cyan,
    Failed: colors.red,
    Unknown: colors.yellow,
  };
  const names = Math.max(0, ...rows.map(({ name }) => name.length));
  const room = Math.max(20, columns - names - '  ✓    12m59s  '.length);
  const cells = rows.flatMap(({ name, state, text, since }) => {
    const lines = overflow === 'wrap' ? wrapped(text, room) : [cut(text, room)];
    const said = lines.map((line) => (state === 'Failed' || state === 'Unknown' ? paint[state](line) : line));
    const [first = '', ...rest] = said;
    return [
      [
        paint[state](state === 'Waiting' && spinner ? spinner : marks[state]),
        name,
        state === 'Ready' || since === undefined ? '' : age(now - Date.parse(since)),
        first,
      ],
      ...rest.map((line) => ['', '', '', line]),
    ];
  });
  return [colors.bold(title), ...table(cells, '  ')];
}

const cut = (text: string, room: number): string => (text.length <= room ? text : `${text.slice(0, room - 1)}…`);

/** At spaces, where there are any. */
export function wrapped(text: string, room: number): string[] {
  const lines: string[] = [];
  let left = text;
  while (left.length > room) {
    const space = left.lastIndexOf(' ', room);
    const end = space > 0 ? space : room;
    lines.push(left.slice(0, end));
    left = left.slice(end).trimStart();
  }
  return [...lines, left];
}

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
