import type { Client } from '@stackwright/kube';
import { until } from '../cluster/wait.js';
import { NoAnswer, adminCredentials, issueToken, readyEndpoint, type Token } from '../openstack/identity.js';
import { table } from '../terminal/table.js';

export interface Shown {
  token: Token;
  /** Where it was asked for. */
  url: string;
}

export async function showToken(client: Client, namespace: string, signal: AbortSignal): Promise<Shown> {
  const credentials = await adminCredentials(client, namespace, 'keystone');
  return until(
    async () => {
      const url = await readyEndpoint(client, namespace, 'keystone');
      try {
        return { token: await issueToken(url, credentials, signal), url };
      } catch (error) {
        // The Pod may have been replaced since it was found.
        if (error instanceof NoAnswer) return undefined;
        throw error;
      }
    },
    { every: 500, signal },
  );
}

/** A token is as good as a password: only its beginning is shown. */
export function tokenLines({ token, url }: Shown): string[] {
  return table(
    [
      ['token', `${token.id.slice(0, 20)}… (${token.id.length} characters)`],
      ['expires', token.expiresAt],
      ['user', token.user],
      ['project', token.project],
      ['catalog', token.catalog.join(', ')],
      ['issued by', url],
    ],
    '  ',
  );
}
