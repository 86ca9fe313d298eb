// What a server has forgotten, a client is told to list again.
import type { TestContext } from 'vitest';
import type { Bench } from './bench.js';
import { target } from './target.js';

/** Events that a devcluster remembers of a resource, at the most. */
const REMEMBERED = 2000;
/** Real clusters forget by time: after ten minutes, the past has been compacted at least once. Milliseconds. */
const COMPACTED = 600_000;

/**
 * A revision that the widgets of the bench had, or could have had, and that the server has forgotten. A devcluster is
 * made to forget; a real one does it by itself, and has forgotten its first revision unless it was born a moment ago.
 */
export async function forget(api: Bench, { skip }: Pick<TestContext, 'skip'>): Promise<string> {
  const { WIDGETS, NAMESPACES } = api.paths;
  if (!target.devcluster) {
    const { metadata } = (await api.get(`${NAMESPACES}/kube-system`)).body;
    if (Date.now() - Date.parse(metadata.creationTimestamp) < COMPACTED)
      skip('the cluster is younger than ten minutes, and has forgotten nothing yet');
    return '1';
  }
  const first = await api.create(WIDGETS, api.widget('forgotten'));
  const rounds = Array.from({ length: REMEMBERED + 1 }, (_, round) => round);
  const writer = async (): Promise<void> => {
    for (let round = rounds.pop(); round !== undefined; round = rounds.pop())
      await api.merge(`${WIDGETS}/forgotten`, { metadata: { labels: { round: String(round) } } });
  };
  await Promise.all(Array.from({ length: 8 }, writer));
  await api.delete(`${WIDGETS}/forgotten`);
  return first.metadata.resourceVersion;
}
