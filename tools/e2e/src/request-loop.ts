// Users who go on asking while something happens to the cloud.
import type { Client } from '@stackwright/kube';
import { issueToken, validateToken } from './identity.js';
import { call, resourceClasses } from './openstack.js';

/** One request per service that users make all the time; each with a token of its own, so that nothing is answered by a cache. */
const requests: Record<string, (client: Client) => Promise<unknown>> = {
  keystone: async (client) => {
    const status = await validateToken(client, await issueToken(client));
    if (status !== 200) throw new Error(`a fresh token is answered with ${status}`);
  },
  placement: (client) => resourceClasses(client),
  glance: (client) => call(client, 'glance', '/v2/images?limit=1'),
};

export interface Tally {
  answered: number;
  /** What went wrong: each message once. */
  failures: Set<string>;
}

/**
 * Asks each service again and again while `during` runs, and once more after its end; every service is asked
 * at least once while it runs. Resolves with what was answered and what was not.
 */
export async function whileAsked(
  client: Client,
  during: () => Promise<void>,
  services: readonly string[] = Object.keys(requests),
): Promise<Record<string, Tally>> {
  const tallies: Record<string, Tally> = {};
  let over = false;
  const loops = services.map(async (service) => {
    const tally: Tally = (tallies[service] = { answered: 0, failures: new Set() });
    for (let last = false; !last;) {
      last = over;
      try {
        await requests[service]?.(client);
        tally.answered++;
      } catch (error) {
        const { message, cause } = error instanceof Error ? error : new Error(String(error));
        tally.failures.add(cause instanceof Error ? `${message}: ${cause.message}` : message);
      }
    }
  });
  try {
    await during();
  } finally {
    over = true;
    await Promise.all(loops);
  }
  return tallies;
}
