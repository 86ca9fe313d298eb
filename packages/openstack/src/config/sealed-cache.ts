// What keeps a memcached from running code in the services, and from telling them what they have not told it: see sitecustomize.py.
import { readFileSync } from 'node:fs';

const directory = '/etc/stackwright-cache';

/** Python runs it at the start of each process that has the directory in PYTHONPATH. */
const program = readFileSync(new URL('./sitecustomize.py', import.meta.url), 'utf8');

/** Variables of containers whose programs use the cache. */
export const sealedCacheEnv = [{ name: 'PYTHONPATH', value: directory }] as const;

/** By key in a Secret: where a file stands, and what it holds. `key` is the same in all Pods of a service, and nobody else's. */
export function sealedCacheFiles(key: string): readonly { key: string; path: string; content: string }[] {
  return [
    { key: 'sitecustomize.py', path: `${directory}/sitecustomize.py`, content: program },
    { key: 'cache-key', path: `${directory}/key`, content: key },
  ];
}
