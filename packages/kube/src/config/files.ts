// Credentials that are written in the kubeconfig or lie in files beside it. Read anew each time: others rotate them.
import { readFileSync } from 'node:fs';
import type { Credentials, TlsOptions } from '../connection.js';
import type { Cluster, User } from './entries.js';
import type { Selection } from './kubeconfig.js';

/** Whether somebody else may change them while we run. */
export function areInFiles({ cluster, user }: Selection): boolean {
  return Boolean(
    user.tokenFile || user['client-certificate'] || user['client-key'] || cluster['certificate-authority'],
  );
}

export function readCredentials({ cluster, user }: Selection): Credentials {
  const authorization = authorizationOf(user);
  return {
    headers: {
      ...(authorization !== undefined && { authorization }),
      ...impersonationOf(user),
    },
    tls: tlsOf(cluster, user),
  };
}

/** As whom we act, where that is not who we are. */
function impersonationOf(user: User): Credentials['headers'] {
  if (!user.as) return {};
  const groups = user['as-groups'] ?? [];
  return {
    'impersonate-user': user.as,
    ...(user['as-uid'] && { 'impersonate-uid': user['as-uid'] }),
    ...(groups.length > 0 && { 'impersonate-group': groups }),
    ...Object.fromEntries(
      Object.entries(user['as-user-extra'] ?? {}).map(([key, values]) => [
        `impersonate-extra-${headerPart(key)}`,
        values,
      ]),
    ),
  };
}

/** The server undoes percent-encoding here. */
const headerPart = (key: string): string =>
  encodeURIComponent(key).replace(/[()]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`);

function authorizationOf({ tokenFile, token, username, password = '' }: User): string | undefined {
  if (tokenFile) {
    // Such a file may end in a newline, which no header may hold.
    const text = readFileSync(tokenFile, 'utf8').trim();
    if (text === '') throw new Error(`the token file ${tokenFile} is empty`);
    return `Bearer ${text}`;
  }
  if (token) return `Bearer ${token.trim()}`;
  if (username) return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  return undefined;
}

function tlsOf(cluster: Cluster, user: User): TlsOptions {
  const ca = pem(cluster['certificate-authority-data'], cluster['certificate-authority']);
  const cert = pem(user['client-certificate-data'], user['client-certificate']);
  const key = pem(user['client-key-data'], user['client-key']);
  return {
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    ...(cluster['tls-server-name'] && { servername: cluster['tls-server-name'] }),
    ...(cluster['insecure-skip-tls-verify'] === true && { rejectUnauthorized: false }),
  };
}

export function pem(data: string | undefined, file: string | undefined): Buffer | undefined {
  if (data) return Buffer.from(data, 'base64');
  return file ? readFileSync(file) : undefined;
}

export function sameTls(a: TlsOptions, b: TlsOptions): boolean {
  return (
    (['ca', 'cert', 'key'] as const).every((name) => String(a[name] ?? '') === String(b[name] ?? '')) &&
    a.servername === b.servername &&
    a.rejectUnauthorized === b.rejectUnauthorized
  );
}
