import { readdir, readFile } from 'node:fs/promises';

/** Kills a process of the host with all its children, as far as they still are. */
export async function killTree(root: number): Promise<void> {
  const children = new Map<number, number[]>();
  for (const name of await readdir('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    // "pid (name) state parent …": the name may hold anything, parentheses too.
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const kill = (pid: number): void => {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // it ended by itself
    }
    for (const child of children.get(pid) ?? []) kill(child);
  };
  kill(root);
}
