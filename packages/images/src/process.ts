import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { ImageError } from './errors.js';

export interface Command {
  file: string;
  args: readonly string[];
}

export interface RunOptions {
  /** What the command says while it runs, from both of its outputs. */
  onLine?: (line: string) => void;
  signal?: AbortSignal | undefined;
  /** For the temporary files of the command. */
  temporary?: string;
  /** Variables besides those of this process. */
  environment?: Readonly<Record<string, string>>;
}

/** So many of the last lines explain a failure. */
const KEPT_LINES = 25;

/** Runs a command and returns what it wrote to stdout; rejects with its last lines. */
export const capture = (file: string, args: readonly string[], options: RunOptions = {}): Promise<string> =>
  finish({ file, args }, spawn(file, args, { env: environment(options), stdio: ['ignore', 'pipe', 'pipe'] }), options);

/** Runs two commands, the first one's stdout feeding the second; returns what the second wrote to stdout. */
export async function pipe(source: Command, sink: Command, options: RunOptions = {}): Promise<string> {
  const env = environment(options);
  const reader = spawn(sink.file, sink.args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  const writer = spawn(source.file, source.args, { env, stdio: ['ignore', reader.stdin, 'pipe'] });
  // The writer holds its own copy: with ours closed too, the reader sees the end when the writer ends.
  reader.stdin.destroy();
  const failures: unknown[] = [];
  const [, output] = await Promise.all(
    [finish(source, writer, options), finish(sink, reader, options)].map((end) =>
      end.catch((error: unknown) => {
        failures.push(error);
        return '';
      }),
    ),
  );
  // When one fails the other does too; the first is the cause.
  if (failures.length > 0) throw failures[0];
  return output ?? '';
}

const environment = ({ temporary, environment: more = {} }: RunOptions): NodeJS.ProcessEnv => ({
  ...process.env,
  ...(temporary !== undefined && { TMPDIR: temporary }),
  ...more,
});

async function finish(command: Command, child: ChildProcess, { onLine, signal }: RunOptions): Promise<string> {
  const kept: string[] = [];
  const output: string[] = [];
  const read = (stream: Readable | null, into?: string[]): Promise<unknown> => {
    if (stream === null) return Promise.resolve();
    const lines = createInterface({ input: stream });
    lines.on('line', (line) => {
      into?.push(line);
      if (kept.push(line) > KEPT_LINES) kept.shift();
      onLine?.(line);
    });
    return once(lines, 'close');
  };
  const abort = (): boolean => child.kill('SIGTERM');
  signal?.addEventListener('abort', abort, { once: true });
  try {
    const exited = new Promise<string | undefined>((resolve) => {
      child.once('error', (error) => resolve(`could not be run: ${error.message}`));
      child.once('exit', (code, by) => {
        resolve(code === 0 ? undefined : code === null ? `was ended by ${String(by)}` : `ended with status ${code}`);
      });
    });
    const [failure] = await Promise.all([exited, read(child.stdout, output), read(child.stderr)]);
    if (signal?.aborted === true) throw new ImageError('aborted', 'The build was interrupted.');
    if (failure !== undefined) throw failed(command, failure, kept);
    return output.join('\n');
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

function failed({ file, args }: Command, failure: string, lines: readonly string[]): ImageError {
  const said = lines.map((line) => `\n  ${line}`).join('');
  if (/no space left on device/i.test(said)) return new ImageError('no-space', `No space is left on the disk.${said}`);
  return new ImageError('build-failed', `${file} ${args[0] ?? ''} ${failure}.${said}`);
}
