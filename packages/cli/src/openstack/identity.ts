// Asks Keystone for a token, as any client would: what `up` ends with.
import { EndpointSlice, Secret, type Client } from '@stackwright/kube';
import { http, type Address } from '@stackwright/openstack';
import { CliError } from '../errors.js';

export interface Credentials {
  /** With the version. */
  authUrl: string;
  username: string;
  password: string;
  project: string;
  /** PEM of the authority of Keystone's certificate, where it is not one that everybody knows. */
  ca?: string;
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
  const ca = value('ca.crt');
  return {
    authUrl: value('auth_url'),
    username: value('username'),
    password: value('password'),
    project: value('project_name'),
    ...(ca === '' ? {} : { ca }),
  };
}

/** A Pod that answers: it can be reached from the cluster's host, where names of Services mean nothing. */
export async function readyEndpoint(client: Client, namespace: string, service: string): Promise<Address> {
  const { items } = await client.listAll(EndpointSlice, {
    namespace,
    labelSelector: `kubernetes.io/service-name=${service}`,
  });
  for (const { endpoints, ports } of items) {
    const host = endpoints.find(({ conditions }) => conditions?.ready !== false)?.addresses[0];
    const port = ports?.[0]?.port;
    if (host !== undefined && port !== undefined) return { host, port };
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

/** Asks at `address`, by the name that `authUrl` has: that is what a certificate is good for. */
export async function issueToken(
  address: Address,
  { authUrl, username, password, project, ca }: Credentials,
  signal: AbortSignal,
): Promise<Token> {
  const domain = { name: 'Default' };
  const json = {
    auth: {
      identity: { methods: ['password'], password: { user: { name: username, domain, password } } },
      scope: { project: { name: project, domain } },
    },
  };
  const call = {
    method: 'POST',
    url: `${authUrl}/auth/tokens`,
    address,
    json,
    ...(ca === undefined ? {} : { ca }),
  } as const;
  const { status, headers, body } = await http.request(call, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    throw new NoAnswer(authUrl, error);
  });
  const id = headers['x-subject-token'];
  if (status < 200 || status > 299 || id === undefined)
    throw new CliError(`Keystone issued no token: HTTP ${status} ${body.slice(0, 300)}`);
  const { token } = JSON.parse(body) as TokenBody;
  return {
    id,
    expiresAt: token.expires_at,
    user: token.user.name,
    project: token.project.name,
    catalog: token.catalog ?? [],
  };
}
