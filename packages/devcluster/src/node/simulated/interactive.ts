// Commands that somebody talks to, and containers that somebody attaches to, on a node without containers.
import { PassThrough, Readable, Writable } from 'node:stream';
import type { ProcessStreams, StreamOptions, TerminalSize } from '../../shared/process.js';
import { RuntimeError } from '../runtime.js';
import type { SimulatedContainer } from './container.js';
import type { Behaviour, InteractiveProgram } from './script.js';

export function scriptedProcess(
  { interactive, exec }: Behaviour,
  command: readonly string[],
  options: StreamOptions,
): ProcessStreams {
  if (interactive) return run(interactive, command, options);
  if (!exec)
    throw new RuntimeError(
      'ExecError',
      'this node is simulated: there is no such program in the container, unless a test scripts what `exec` does',
    );
  return run(
    async ({ stdout, stderr }) => {
      const result = await exec(command);
      stdout.write(result.stdout ?? '');
      stderr.write(result.stderr ?? '');
      return result.exitCode ?? 0;
    },
    command,
    options,
  );
}

function run(program: InteractiveProgram, command: readonly string[], options: StreamOptions): ProcessStreams {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  if (!options.stdin) stdin.end();
  if (!options.stdout) stdout.resume();
  if (!options.stderr || options.tty) stderr.resume();
  const hungUp = new AbortController();
  const listeners = new Set<(size: TerminalSize) => void>();
  let size = options.size?.();
  const exit = program({
    command,
    tty: options.tty,
    stdin,
    stdout,
    stderr: options.tty ? stdout : stderr,
    size: () => size,
    onResize: (listener) => listeners.add(listener),
    hungUp: hungUp.signal,
  }).finally(() => {
    stdout.end();
    stderr.end();
    stdin.destroy();
  });
  return {
    ...(options.stdin ? { stdin } : {}),
    ...(options.stdout ? { stdout } : {}),
    ...(options.stderr && !options.tty ? { stderr } : {}),
    resize: (next) => {
      size = next;
      for (const listener of listeners) listener(next);
    },
    exit,
    hangUp: async () => hungUp.abort(),
  };
}

/** What the container prints from now on; what is written to it is lost, as its program reads nothing. */
export function attachedProcess(container: SimulatedContainer, options: StreamOptions): ProcessStreams {
  const gone = new AbortController();
  const output = Readable.from(container.logs.read({ tailLines: 0, follow: gone.signal }));
  if (!options.stdout) output.resume();
  return {
    ...(options.stdin ? { stdin: new Writable({ write: (_chunk, _encoding, done) => done() }) } : {}),
    ...(options.stdout ? { stdout: output } : {}),
    resize: () => undefined,
    exit: container.ended.then(() => 0),
    hangUp: async () => gone.abort(),
  };
}
