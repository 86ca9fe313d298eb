// Keystone as a client sees it, by way of the Service's address on the cluster's host.
import { EndpointSlice, Secret, Service, type Client } from '@stackwright/kube';
import { namespace } from './cluster.js';

export async function secretOf(client: Client, name: string): Promise<Record<string, string>> {
  const { data = {} } = await client.get(Secret, { namespace, name });
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));
}

/** Host and port of a ready endpoint. */
export async function endpointOf(client: Client, service: string): Promise<{ host: string; port: number }> {
  const { items } = await client.listAll(EndpointSlice, {
    namespace,
    labelSelector: `kubernetes.io/service-name=${service}`,
  });
  for (const { endpoints, ports } of items) {
    const host = endpoints.find(({ conditions }) => conditions?.ready)?.addresses[0];
    const port = ports?.[0]?.port;
    if (host !== undefined && port !== undefined) return { host, port };
  }
  throw new Error(`Service ${service} has no ready endpoint`);
}

/** "http://address:port" of a Service. */
export async function serviceUrl(client: Client, name: string): Promise<string> {
  const { spec } = await client.get(Service, { namespace, name });
  return `http://${spec?.clusterIP ?? ''}:${spec?.ports?.[0]?.port ?? 0}`;
}

const url = async (client: Client): Promise<string> => `${await serviceUrl(client, 'keystone')}/v3`;

export async function issueToken(client: Client): Promise<string> {
  const { username = '', password = '', project_name: project = '' } = await secretOf(client, 'keystone-admin');
  const domain = { name: 'Default' };
  const response = await fetch(`${await url(client)}/auth/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      auth: {
        identity: { methods: ['password'], password: { user: { name: username, domain, password } } },
        scope: { project: { name: project, domain } },
      },
    }),
  });
  const token = response.headers.get('x-subject-token');
  if (token === null) throw new Error(`no token: HTTP ${response.status} ${await response.text()}`);
  return token;
}

/** HTTP status of the validation of a token by itself. */
export async function validateToken(client: Client, token: string): Promise<number> {
  const response = await fetch(`${await url(client)}/auth/tokens`, {
    headers: { 'x-auth-token': token, 'x-subject-token': token },
  });
  await response.arrayBuffer();
  return response.status;
}
