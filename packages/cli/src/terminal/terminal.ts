// Where a command writes: data to stdout, progress and errors to stderr, colour only where it is seen by people.
// Whatever is written has come through `shown`: a terminal takes no orders from the text of conditions, logs and names.
import { randomInt } from 'node:crypto';
import { stripVTControlCharacters } from 'node:util';
import { controlsEscaped, withoutControls } from '@stackwright/core';
import pico from 'picocolors';

export type Colors = ReturnType<typeof pico.createColors>;

export interface Terminal {
  /** Text of what the command was asked for, with the line breaks that are in it. */
  data(text: string): void;
  /** The same as lines that are the command's own: a text of others among them begins no new one. */
  lines(lines: readonly string[]): void;
  /** The same for programs. */
  json(value: unknown): void;
  /** One line, or several, about how it goes. */
  note(text: string): void;
  /** Colours for stdout; plain when it is not a terminal. */
  readonly colors: Colors;
  /** Colours for stderr. */
  readonly noteColors: Colors;
  /** Width of stdout; undefined where it is no terminal, and nothing may be cut. */
  readonly columns: number | undefined;
  /** stderr is a terminal: what is there may be redrawn. */
  readonly interactive: boolean;
  /** For what redraws; its text comes through `shown`. */
  readonly stderr: NodeJS.WriteStream;
  readonly shown: (text: string) => string;
}

export interface TerminalOptions {
  /** False with --no-color. Default: colours on terminals, unless NO_COLOR is set. */
  color?: boolean;
  env?: NodeJS.ProcessEnv;
}

export function createTerminal(
  stdout: NodeJS.WriteStream,
  stderr: NodeJS.WriteStream,
  { color = true, env = process.env }: TerminalOptions = {},
): Terminal {
  const wanted = color && !env['NO_COLOR'];
  const dumb = env['TERM'] === 'dumb';
  const colored = (stream: NodeJS.WriteStream) => wanted && ((stream.isTTY && !dumb) || Boolean(env['FORCE_COLOR']));
  const data = (text: string) => void stdout.write(`${shown(text)}\n`);
  return {
    data,
    lines: (lines) => data(lines.map((line) => line.replaceAll(/[\n\t]+/g, ' ')).join('\n')),
    json: (value) => void stdout.write(`${controlsEscaped(JSON.stringify(value, undefined, 2))}\n`),
    note: (text) => void stderr.write(`${shown(text)}\n`),
    shown,
    colors: colored(stdout) ? ourColors : plainColors,
    noteColors: colored(stderr) ? ourColors : plainColors,
    columns: stdout.isTTY ? stdout.columns : undefined,
    interactive: stderr.isTTY && !dumb && !env['CI'],
    stderr,
  };
}

export const plainColors: Colors = pico.createColors(false);

/** Text of anybody's, as a terminal does nothing but show it. */
export const plainText = (text: string): string => withoutControls(stripVTControlCharacters(text));

/** In the sequences of our colours: nobody can write one who does not know it. */
const key = String(randomInt(1e12));
const ourSequence = new RegExp(`\u001b\\[${key};(\\d+)m`);

/** Our own colours stay; all else that a terminal would obey goes. */
function shown(text: string): string {
  return text
    .split(ourSequence)
    .map((part, index) => (index % 2 === 0 ? plainText(part) : `\u001b[${part}m`))
    .join('');
}

const pens = pico.createColors(true);
const sequence = (text: string): string => text.replaceAll('\u001b[', `\u001b[${key};`);
const ourColors: Colors = Object.fromEntries(
  Object.entries<unknown>({ ...pens }).map(([name, pen]) => [
    name,
    typeof pen === 'function'
      ? (text: unknown) => sequence((pen as (text: string) => string)(shown(String(text))))
      : pen,
  ]),
) as unknown as Colors;
