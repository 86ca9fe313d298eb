import type { Client } from '@stackwright/kube';
import { until } from '../cluster/wait.js';
import {
  NoAnswer,
  adminCredentials,
  issueToken,
  readyEndpoint,
  type CatalogEntry,
  type Token,
} from '../openstack/identity.js';
import { table } from '../terminal/table.js';

export interface Shown {
  token: Token;
  /** Where it was asked for. */
  url: string;
}

/** `keystone`: its name. */
export async function showToken(
  client: Client,
  { namespace, keystone, signal }: { namespace: string; keystone: string; signal: AbortSignal },
): Promise<Shown> {
  const credentials = await adminCredentials(client, namespace, keystone);
  return until(
    async () => {
      const address = await readyEndpoint(client, namespace, keystone);
      const url = `${new URL(credentials.authUrl).protocol}//${address.host}:${address.port}`;
      try {
        return { token: await issueToken(address, credentials, signal), url };
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
      ['issued by', url],
    ],
    '  ',
  );
}

/** A line for each URL of each service: mostly its interfaces have the same. */
export function catalogLines(catalog: readonly CatalogEntry[]): string[] {
  const byType = [...catalog].sort((one, other) => one.type.localeCompare(other.type));
  const rows = byType.flatMap(({ type, name, endpoints }) => {
    const urls = [...new Set(endpoints.map(({ url }) => url))];
    const interfacesOf = (url: string) =>
      endpoints.filter((endpoint) => endpoint.url === url).map((endpoint) => endpoint.interface);
    if (urls.length === 0) return [[type, name, 'no endpoint', '']];
    return urls.map((url, index) => {
      const interfaces = [...new Set(interfacesOf(url))].sort().join(', ');
      return index === 0 ? [type, name, url, interfaces] : ['', '', url, interfaces];
    });
  });
  return table(rows, '  ');
}
