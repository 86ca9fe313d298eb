import { spawn } from 'node:child_process';

export class CommandError extends Error {
  override readonly name = 'CommandError';
  /** Undefined when the command could not be run or was killed. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;

  constructor(message: string, result: { exitCode: number | undefined; stdout: string; stderr: string }) {
    super(message);
    this.exitCode = result.exitCode;
    this.stdout = result.stdout;
    this.stderr = result.stderr;
  }
}

export interface CommandOptions {
  input?: string;
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Milliseconds after which the command is killed. Default: one minute, as nothing here takes long by itself. */
  timeout?: number;
}

/** What a command may write, characters; the rest is dropped. */
const MAX_OUTPUT = 16 * 1024 * 1024;

/** Runs a command of the host to its end. Its arguments never get into error messages: they are long. */
export function runCommand(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<{ stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    // In a process group of its own: a Ctrl-C on the terminal is for this process alone, and would leave half of a
    // container behind.
    const child = spawn(file, args, {
      env: options.env,
      cwd: options.cwd,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        if (output[name].length < MAX_OUTPUT) output[name] += text;
      });
    }
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      killGroup(child.pid);
    }, options.timeout ?? 60_000);
    const fail = (message: string, exitCode: number | undefined): void => {
      reject(new CommandError(message, { exitCode, ...output }));
    };
    child.once('error', (error) => {
      clearTimeout(timer);
      fail(error.message, undefined);
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      if (code === 0) resolve(output);
      else if (code === null) fail(timedOut ? 'it took too long and was killed' : 'it was killed', undefined);
      else fail(lastLine(output.stderr) || `it ended with status ${code}`, code);
    });
    // A command that does not read to the end is no trouble of ours.
    child.stdin.on('error', () => undefined).end(options.input);
  });
}

/** With the children of the command, which would otherwise hold its outputs open. */
function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // it has just ended
  }
}

/** What went wrong is on the last line; podman prefixes it. */
const lastLine = (text: string): string => (text.trim().split('\n').pop() ?? '').replace(/^Error: /, '');
