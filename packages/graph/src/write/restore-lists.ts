// Lists in which somebody has given an item of ours another key: the port of a Service. An apply merges by keys, and would have
// both, which the server may refuse: two ports of one name. Then the list is put back as a whole, what others had added to it included.
import { isConflict, type KubeObject } from '@stackwright/kube';
import { valueAt } from '../evaluate/compare.js';
import type { FieldPath } from '../evaluate/paths.js';
import type { Write } from '../evaluate/writes.js';
import { keyOf, type WriteContext } from './context.js';

/** Whether any was put back: then the apply may be tried again. */
export async function restoreLists(write: Write & { verb: 'apply' }, context: WriteContext): Promise<boolean> {
  const { resource, desired, observed, fields } = write;
  const { client, signal, fieldManager, metrics } = context;
  const lists = new Map(fields.flatMap(listOf).map((path) => [path.join('/'), path]));
  const { uid, resourceVersion } = observed?.metadata ?? {};
  if (lists.size === 0 || resourceVersion === undefined) return false;
  const replaced = [...lists.values()].map((path) => ({
    op: 'replace',
    path: `/${path.map(escaped).join('/')}`,
    value: valueAt(resource, desired, path),
  }));
  // Only as it was judged.
  const tests = Object.entries({ uid, resourceVersion }).map(([name, value]) => ({
    op: 'test',
    path: `/metadata/${name}`,
    value,
  }));
  metrics.wrote(resource, 'patch');
  try {
    const body = [...tests, ...replaced];
    const answer: KubeObject = await client.patch(
      resource,
      keyOf(write),
      { type: 'json', body },
      { signal, fieldManager },
    );
    context.overlay.wrote(resource, answer);
    return true;
  } catch (error) {
    signal.throwIfAborted();
    if (isConflict(error)) throw error;
    return false;
  }
}

/** The list that a path leads into, where it is one by keys at the first such place. */
function listOf(path: FieldPath): readonly string[][] {
  const at = path.findIndex((segment) => typeof segment === 'object');
  if (at < 1) return [];
  const names = path.slice(0, at).filter((segment) => typeof segment === 'string');
  return names.length === at ? [names] : [];
}

const escaped = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');
