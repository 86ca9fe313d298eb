// Where a command writes: data to stdout, progress and errors to stderr, colour only where it is seen by people.
import pico from 'picocolors';

export type Colors = ReturnType<typeof pico.createColors>;

export interface Terminal {
  /** One line, or several, of what the command was asked for. */
  data(text: string): void;
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
  readonly stderr: NodeJS.WriteStream;
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
  return {
    data: (text) => void stdout.write(`${text}\n`),
    note: (text) => void stderr.write(`${text}\n`),
    colors: pico.createColors(colored(stdout)),
    noteColors: pico.createColors(colored(stderr)),
    columns: stdout.isTTY ? stdout.columns : undefined,
    interactive: stderr.isTTY && !dumb && !env['CI'],
    stderr,
  };
}

export const plainColors: Colors = pico.createColors(false);
