import { ApiError, isConnectionFailed } from '@stackwright/kube';
import { CliError, exitCodes } from './errors.js';
import { createProgram } from './program.js';
import { plainText } from './terminal/terminal.js';

const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => {
    interrupted.abort(
      new CliError('Interrupted; run the same command again to go on.', { exitCode: name === 'SIGINT' ? 130 : 143 }),
    );
  });
}
// Who pipes into `head` has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

/** What is wrong may be told in words of the cluster. */
const say = (text: string): boolean => process.stderr.write(plainText(text));

try {
  await createProgram({
    stdout: process.stdout,
    stderr: process.stderr,
    signal: interrupted.signal,
    setExitCode: (code) => (process.exitCode = code),
  }).parseAsync();
} catch (error) {
  // What was under way says "aborted" in many ways.
  process.exitCode = report(interrupted.signal.aborted ? interrupted.signal.reason : error);
}

function report(error: unknown): number {
  if (error instanceof CliError) {
    say(`stackwright: ${error.message}\n${error.hints.map((hint) => `  ${hint}\n`).join('')}`);
    return error.exitCode;
  }
  if (isConnectionFailed(error)) {
    say(
      `stackwright: the API server cannot be reached: ${error.message}\n  The embedded cluster is started, and started again, by npm start.\n`,
    );
    return exitCodes.error;
  }
  if (error instanceof ApiError) {
    say(`stackwright: the API server answered: ${error.message}\n`);
    return exitCodes.error;
  }
  say(`stackwright: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return exitCodes.error;
}
