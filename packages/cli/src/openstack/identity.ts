// Asks Keystone for a token, as any client would: what `up` ends with.
import { EndpointSlice, Secret, type Client } from '@stackwright/kube';
import { CliError } from '../errors.js';

export interface Credentials {
  username: string;
  password: string;
  project: string;
}

export interface Token {
  id: string;
  /** RFC 3339. */
  expiresAt: string;
  user: string;
  project: string;
  catalog: CatalogEntry[];
}

export interface CatalogEntry {
  type: string;
  name: string;
  endpoints: { interface: string; region: string; url: string }[];
}

/** The administrator's, from the Secret that the keystone controller keeps. */
export async function adminCredentials(client: Client, namespace: string, keystone: string): Promise<Credentials> {
  const { data = {} } = await client.get(Secret, { namespace, name: `${keystone}-admin` });
  const value = (key: string) => Buffer.from(data[key] ?? '', 'base64').toString();
  return { username: value('username'), password: value('password'), project: value('project_name') };
}

/** URL of a Pod that answers: it can be reached from the cluster's host, where names of Services mean nothing. */
export async function readyEndpoint(client: Client, namespace: string, service: string): Promise<string> {
  const { items } = await client.listAll(EndpointSlice, {
    namespace,
    labelSelector: `kubernetes.io/service-name=${service}`,
  });
  for (const { endpoints, ports } of items) {
    const address = endpoints.find(({ conditions }) => conditions?.ready !== false)?.addresses[0];
    const port = ports?.[0]?.port;
    if (address !== undefined && port !== undefined) return `http://${address}:${port}`;
  }
  throw new CliError(`Service ${service} has no ready endpoint.`, { hints: [`stackwright why ${service}`] });
}

/** Nobody is there, or the connection ended before the answer. */
export class NoAnswer extends CliError {
  constructor(url: string, cause: unknown) {
    super(`Keystone at ${url} does not answer.`, { cause, hints: ['stackwright why keystone'] });
  }
}

interface TokenBody {
  token: {
    expires_at: string;
    user: { name: string };
    project: { name: string };
    catalog?: CatalogEntry[];
  };
}

/** `url` without a version. */
export async function issueToken(
  url: string,
  { username, password, project }: Credentials,
  signal: AbortSignal,
): Promise<Token> {
  const domain = { name: 'Default' };
  const response = await fetch(`${url}/v3/auth/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      auth: {
        identity: { methods: ['password'], password: { user: { name: username, domain, password } } },
        scope: { project: { name: project, domain } },
      },
    }),
    signal,
  }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw new NoAnswer(url, error);
  });
  const text = await response.text();
  const id = response.headers.get('x-subject-token');
  if (!response.ok || id === null)
    throw new CliError(`Keystone issued no token: HTTP ${response.status} ${text.slice(0, 300)}`);
  const { token } = JSON.parse(text) as TokenBody;
  return {
    id,
    expiresAt: token.expires_at,
    user: token.user.name,
    project: token.project.name,
    catalog: token.catalog ?? [],
  };
}
