// What a kubeconfig asks for and we cannot do. To do less than it asks is to speak to the server as somebody else.
import type { Cluster, ExecPlugin, User } from './entries.js';

const proxies: readonly string[] = ['http:', 'https:', 'socks5:', 'socks5h:'];
const pluginVersions: readonly string[] = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'];
/** Those of which @kubernetes/client-node knows what to do. */
const authProviders: readonly string[] = ['oidc', 'azure', 'gcp', 'exec'];

export function clusterProblems(cluster: Cluster): string[] {
  const proxy = cluster['proxy-url'];
  if (!proxy) return [];
  // The whole of it may hold a password.
  const { protocol } = URL.canParse(proxy) ? new URL(proxy) : { protocol: 'none' };
  return proxies.includes(protocol) ? [] : [`proxy-url: it must be an http, https or socks5 URL, not ${protocol}`];
}

export function userProblems(user: User): string[] {
  return [...impersonationProblems(user), ...methodProblems(user), ...(user.exec ? execProblems(user.exec) : [])];
}

function impersonationProblems(user: User): string[] {
  const problems: string[] = [];
  const values: [field: string, value: unknown][] = [
    ['as', user.as],
    ['as-uid', user['as-uid']],
  ];
  const groups: unknown = user['as-groups'] ?? [];
  if (Array.isArray(groups)) values.push(...groups.map((group: unknown): [string, unknown] => ['as-groups', group]));
  else problems.push('as-groups: it must be a list');
  for (const [key, extra] of Object.entries(user['as-user-extra'] ?? {}) as [string, unknown][]) {
    const field = `as-user-extra.${key}`;
    if (Array.isArray(extra)) values.push(...extra.map((value: unknown): [string, unknown] => [field, value]));
    else problems.push(`${field}: it must be a list`);
  }
  for (const [field, value] of values) {
    if (value === undefined) continue;
    if (typeof value !== 'string') problems.push(`${field}: it must be a string`);
    else if (!/^[\x20-\x7e]*$/.test(value)) problems.push(`${field}: a header can carry ASCII only`);
    else if (field !== 'as' && !user.as) problems.push(`${field}: there is no "as" that it belongs to`);
  }
  return [...new Set(problems)];
}

/** How a user shows who it is: not at all, or in one way. */
function methodProblems(user: User): string[] {
  const problems: string[] = [];
  const cert = user['client-certificate-data'] || user['client-certificate'];
  const key = user['client-key-data'] || user['client-key'];
  if (cert && !key) problems.push('client-certificate: there is no client-key');
  if (key && !cert) problems.push('client-key: there is no client-certificate');
  if (user.username && (user.token || user.tokenFile)) problems.push('username: there is a token, too');
  const provider = user['auth-provider'];
  if (!provider) return problems;
  if (user.exec) problems.push('auth-provider: there is an exec, too');
  const { name = '', config } = provider;
  if (!authProviders.includes(name) && !config?.['tokenFile'] && !config?.['exec'])
    problems.push(`auth-provider: "${name}" is not known; use exec`);
  return problems;
}

function execProblems({ apiVersion = '', command, interactiveMode = 'IfAvailable' }: ExecPlugin): string[] {
  const problems: string[] = [];
  if (!command) problems.push('exec.command is missing');
  if (!pluginVersions.includes(apiVersion))
    problems.push(`exec.apiVersion: "${apiVersion}" is not one of ${pluginVersions.join(', ')}`);
  if (interactiveMode === 'Always') problems.push('exec.interactiveMode: nobody is there whom it could ask ("Always")');
  else if (!['Never', 'IfAvailable'].includes(interactiveMode))
    problems.push(`exec.interactiveMode: "${interactiveMode}" is not known`);
  return problems;
}
