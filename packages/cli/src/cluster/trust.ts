// Whom the kubeconfig of a state directory leads to, and which process is ended, is for its owner to say: one that somebody else has
// prepared is not looked into.
import { lstatSync } from 'node:fs';
import { CliError } from '../errors.js';

/** Throws for a state directory, or one of the files in it, that is not ours alone. What is not there is nobody's. */
export function expectOwn(stateDir: string, ...files: readonly string[]): void {
  for (const path of [stateDir, ...files]) {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (!stats) continue;
    const own = process.geteuid?.();
    const open = stats.mode & (path === stateDir ? 0o077 : 0o022);
    if (stats.isSymbolicLink()) throw untrusted(path, 'is a link');
    if (own !== undefined && stats.uid !== own)
      throw untrusted(path, `belongs to user ${stats.uid}, and you are user ${own}`);
    if (open !== 0) throw untrusted(path, `is open to others (mode ${(stats.mode & 0o777).toString(8)})`);
  }
}

const untrusted = (path: string, problem: string): CliError =>
  new CliError(`UntrustedStateDirectory: ${path} ${problem}.`, {
    hints: [
      'What is in a state directory is believed, so it has to be yours alone. Name another one with --state-dir.',
    ],
  });
