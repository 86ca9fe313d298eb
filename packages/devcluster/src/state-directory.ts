// What is in the state directory is believed: its token is the administrator's, its authority signs the server's certificate. So it
// has to be ours alone; one that somebody else has prepared, or could write to, is refused.
import { lstatSync, mkdirSync, readdirSync, rmSync, writeFileSync, renameSync, type Stats } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

export class StateDirectoryError extends Error {
  override readonly name = 'StateDirectoryError';
  readonly reason = 'UntrustedStateDirectory';

  constructor(path: string, problem: string) {
    super(`UntrustedStateDirectory: ${path} ${problem}`);
  }
}

/** Folders with keys and objects, besides the directory itself. */
const TRUSTED = ['.', 'auth', 'pki', 'store'];
const OTHERS = 0o077;
const WRITING_OTHERS = 0o022;
const STICKY = 0o1000;

/**
 * Makes the directory where it is missing. Throws a StateDirectoryError for one that is not ours, is open to others, is a link, has
 * files of others in it, or lies where anybody may put another one in its place.
 */
export function openStateDirectory(path: string): void {
  const directory = resolve(path);
  mkdirSync(dirname(directory), { recursive: true });
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const stats = lstatSync(directory);
  if (stats.isSymbolicLink()) throw new StateDirectoryError(directory, 'is a link: name the directory itself');
  if (!stats.isDirectory()) throw new StateDirectoryError(directory, 'is not a directory');
  expectOurs(directory, stats);
  if ((stats.mode & OTHERS) !== 0) {
    const mode = (stats.mode & 0o7777).toString(8).padStart(4, '0');
    const help = 'if nobody else has put anything into it, chmod 700 makes it yours alone';
    throw new StateDirectoryError(directory, `is open to others (mode ${mode}): ${help}`);
  }
  for (const folder of TRUSTED) expectOwnEntries(join(directory, folder));
  for (let above = dirname(directory); ; above = dirname(above)) {
    const { mode } = lstatSync(above);
    if ((mode & 0o002) !== 0 && (mode & STICKY) === 0 && !lstatSync(above).isSymbolicLink())
      throw new StateDirectoryError(directory, `is in ${above}, where anybody may put another one in its place`);
    if (above === dirname(above)) return;
  }
}

/** Takes the place of the file in one go; nothing that lies in the way is written through. */
export function writePrivate(path: string, content: string): void {
  const fresh = `${path}.new`;
  rmSync(fresh, { force: true });
  writeFileSync(fresh, content, { mode: 0o600, flag: 'wx' });
  renameSync(fresh, path);
}

function expectOwnEntries(folder: string): void {
  for (const name of entriesOf(folder)) {
    const path = join(folder, name);
    const stats = lstatSync(path, { throwIfNoEntry: false });
    // Gone again: a log that was rotated.
    if (!stats) continue;
    if (stats.isSymbolicLink()) throw new StateDirectoryError(path, 'is a link, which nothing here is');
    expectOurs(path, stats);
    // What containers have for themselves is in directories of their own, which may be open: nobody gets there but by this one.
    if (stats.isFile() && (stats.mode & WRITING_OTHERS) !== 0)
      throw new StateDirectoryError(path, 'may be written by others');
  }
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function expectOurs(path: string, { uid }: Stats): void {
  const own = process.geteuid?.();
  if (own !== undefined && uid !== own)
    throw new StateDirectoryError(path, `belongs to user ${uid}, and this is user ${own}`);
}
