// The one adapter around @kubernetes/client-node: it reads kubeconfigs and the Pod's ServiceAccount and runs the
// credential plugins. Nothing else of that package is used (its HTTP opens a connection for every call).
import type { Agent } from 'node:http';
import type { RequestOptions } from 'node:https';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import type { Cluster, Context, KubeConfig, User } from '@kubernetes/client-node';
import { parse } from 'yaml';
import { serverUrl, type AgentLimits, type Connection, type Credentials, type TlsOptions } from './connection.js';

export interface ConfigOptions {
  /** Path of a kubeconfig file. Default: the environment decides, see `loadConfig`. */
  kubeconfig?: string;
  /** The text of a kubeconfig instead of a file. Relative paths in it are relative to the working directory. */
  content?: string;
  /** A context other than the current one. */
  context?: string;
  /** What stands before the path of the ServiceAccount. For tests. */
  root?: string;
  /** Milliseconds of a clock that never jumps. For tests. */
  now?: () => number;
}

/** There is no usable configuration; the message says where was looked. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount';
/** How long credentials from files and plugins are used before they are looked at again. Milliseconds. */
const credentialsLifetime = 60_000;
/** How long the old ones go on being used when looking failed. Milliseconds. */
const retryLifetime = 10_000;

/**
 * Takes the first that there is of: `options.content`, `options.kubeconfig`, `$KUBECONFIG` (several files are merged, the
 * first that defines a name wins), the ServiceAccount of the Pod, `~/.kube/config`.
 */
export async function loadConfig(options: ConfigOptions = {}): Promise<Connection> {
  // Imported when it is needed: it costs a third of a second, and who brings a connection of their own does not need it.
  const { KubeConfig } = await import('@kubernetes/client-node/dist/config.js');
  const root = options.root ?? '';
  const load = (): KubeConfig => {
    const config = new KubeConfig();
    const sources = sourcesOf(options, root);
    if (sources) config.loadFromOptions(merge(KubeConfig, sources));
    else config.loadFromCluster(root);
    if (options.context !== undefined) config.setCurrentContext(options.context);
    return config;
  };
  return new ConfiguredConnection(load, options.now ?? (() => performance.now()));
}

interface Source {
  name: string;
  text: string;
  /** What relative paths in it are relative to. */
  root: string;
}

/** Undefined: the Pod's ServiceAccount. */
function sourcesOf(options: ConfigOptions, root: string): Source[] | undefined {
  if (options.content !== undefined) return [{ name: 'the given kubeconfig', text: options.content, root: process.cwd() }];
  if (options.kubeconfig !== undefined) return [read(options.kubeconfig)];
  const listed = process.env['KUBECONFIG'];
  if (listed) {
    const present = listed.split(delimiter).filter((file) => file !== '' && existsSync(file));
    if (present.length === 0) throw new ConfigError(`KUBECONFIG names no file that exists: ${listed}`);
    return present.map(read);
  }
  if (process.env['KUBERNETES_SERVICE_HOST'] && existsSync(join(root, serviceAccount, 'token'))) return undefined;
  const home = join(homedir(), '.kube', 'config');
  if (existsSync(home)) return [read(home)];
  throw new ConfigError(`no cluster is configured: KUBECONFIG is not set, this is not a Pod, and there is no ${home}`);
}

function read(file: string): Source {
  try {
    return { name: file, text: readFileSync(file, 'utf8'), root: dirname(resolve(file)) };
  } catch (cause) {
    throw new ConfigError(`cannot read the kubeconfig ${file}: ${(cause as Error).message}`, { cause });
  }
}

interface Parsed {
  clusters: Cluster[];
  contexts: Context[];
  users: User[];
  currentContext: string;
}

function merge(Config: new () => KubeConfig, sources: Source[]): Parsed {
  const merged: Parsed = { clusters: [], contexts: [], users: [], currentContext: '' };
  for (const source of sources) {
    const config = parsed(Config, source);
    const add = <T extends { name: string }>(to: T[], from: readonly T[]): void => {
      for (const entry of from) if (!to.some(({ name }) => name === entry.name)) to.push(entry);
    };
    add(merged.clusters, config.clusters);
    add(merged.contexts, config.contexts);
    add(merged.users, config.users);
    merged.currentContext ||= config.currentContext;
  }
  return merged;
}

interface RawUser {
  name?: string;
  user?: { tokenFile?: string };
}

function parsed(Config: new () => KubeConfig, { name, text, root }: Source): KubeConfig {
  try {
    const document = parse(text) as { users?: RawUser[] } | null;
    if (typeof document !== 'object' || document === null) throw new Error('it is not a mapping');
    const config = new Config();
    config.loadFromString(JSON.stringify(document));
    config.makePathsAbsolute(root);
    for (const user of config.users as Writable<User>[]) {
      const tokenFile = document.users?.find((entry) => entry.name === user.name)?.user?.tokenFile;
      if (tokenFile) {
        // client-node knows token files that change only as an auth provider.
        user.authProvider = { name: 'tokenFile', config: { tokenFile: isAbsolute(tokenFile) ? tokenFile : join(root, tokenFile) } };
        delete user.token;
      }
      completeExec(user, root);
    }
    return config;
  } catch (cause) {
    throw new ConfigError(`${name} is not a kubeconfig: ${(cause as Error).message}`, { cause });
  }
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

interface Exec {
  apiVersion?: string;
  command?: string;
  env?: { name: string; value: string }[] | null;
}

/** What client-go adds for a credential plugin and client-node does not. */
function completeExec(user: Writable<User>, root: string): void {
  const exec = user.exec as Exec | null | undefined;
  if (!exec?.command) return;
  if (exec.command.includes('/') && !isAbsolute(exec.command)) exec.command = join(root, exec.command);
  const info = { kind: 'ExecCredential', apiVersion: exec.apiVersion, spec: { interactive: false } };
  exec.env = [...(exec.env ?? []), { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(info) }];
}

class ConfiguredConnection implements Connection {
  readonly server: string;
  readonly namespace: string;
  readonly proxyAgent?: (tls: TlsOptions, limits: AgentLimits) => Agent;
  readonly #load: () => KubeConfig;
  readonly #now: () => number;
  #config: KubeConfig;
  #current: { credentials: Credentials; until: number } | undefined;
  #pending: Promise<Credentials> | undefined;

  constructor(load: () => KubeConfig, now: () => number) {
    this.#load = load;
    this.#now = now;
    this.#config = load();
    const name = this.#config.getCurrentContext();
    const context = this.#config.getContextObject(name);
    if (!context) throw new ConfigError(name ? `the kubeconfig has no context "${name}"` : 'the kubeconfig has no current-context');
    const cluster = this.#config.getCurrentCluster();
    if (!cluster) throw new ConfigError(`the kubeconfig has no cluster "${context.cluster}"`);
    if (context.user && !this.#config.getCurrentUser()) throw new ConfigError(`the kubeconfig has no user "${context.user}"`);
    try {
      this.server = serverUrl(cluster.server);
    } catch (cause) {
      throw new ConfigError(`cluster "${context.cluster}" of the kubeconfig: ${(cause as Error).message}`, { cause });
    }
    this.namespace = context.namespace?.trim() || 'default';
    if (cluster.proxyUrl) this.proxyAgent = (tls, limits) => this.#proxyAgent(tls, limits);
  }

  async credentials(): Promise<Credentials> {
    if (this.#current && this.#now() < this.#current.until) return this.#current.credentials;
    // A plugin may take seconds: it runs once, whatever the number of requests that wait for it.
    this.#pending ??= this.#refresh().finally(() => (this.#pending = undefined));
    return this.#pending;
  }

  expire(): boolean {
    if (!this.#changes()) return false;
    this.#current = undefined;
    this.#pending = undefined;
    try {
      // client-node keeps plugin tokens until the time they name, and the server has just refused this one.
      this.#config = this.#load();
      return true;
    } catch {
      return false; // A kubeconfig that is being rewritten: the answer that we have says more than the error here.
    }
  }

  /** Whether credentials come from where others write: files, plugins, refresh tokens. */
  #changes(): boolean {
    const user = this.#config.getCurrentUser();
    const cluster = this.#config.getCurrentCluster();
    return Boolean(user?.exec || user?.authProvider || user?.certFile || user?.keyFile || cluster?.caFile);
  }

  async #refresh(): Promise<Credentials> {
    const before = this.#current?.credentials;
    try {
      const read = await this.#read();
      const tls = before && same(before.tls, read.tls) ? before.tls : read.tls;
      const credentials = { headers: read.headers, tls };
      this.#current = { credentials, until: this.#changes() ? this.#now() + credentialsLifetime : Infinity };
      return credentials;
    } catch (error) {
      // A file that is being replaced, a plugin whose issuer is away: what we have is good until the server refuses it.
      if (!before) throw error;
      this.#current = { credentials: before, until: this.#now() + retryLifetime };
      return before;
    }
  }

  async #read(): Promise<Credentials> {
    // client-node reads a token file at most once a minute; after ours, that would make two.
    if (tokenFileOf(this.#config.getCurrentUser())) this.#config = this.#load();
    const options = await this.#options();
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(options.headers ?? {})) {
      // A token file may end in a newline, which no header may hold.
      if (value !== undefined) headers[name.toLowerCase()] = String(value).trim();
    }
    if (options.auth) headers['authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
    return { headers, tls: tlsOf(options) };
  }

  async #options(): Promise<RequestOptions & { agent?: Agent }> {
    const cluster = this.#config.getCurrentCluster() as Writable<Cluster>;
    // client-node refuses plain HTTP unless certificates are not to be verified, of which there are none.
    if (cluster.server.startsWith('http:')) cluster.skipTLSVerify = true;
    const options: RequestOptions & { agent?: Agent } = {};
    await this.#config.applyToHTTPSOptions(options);
    return options;
  }

  /** client-node knows HTTP, HTTPS and SOCKS proxies; its agent becomes one that keeps connections. */
  #proxyAgent(tls: TlsOptions, limits: AgentLimits): Agent {
    const config = this.#config as unknown as { createAgent(cluster: Cluster | null, options: object): Agent };
    return config.createAgent(this.#config.getCurrentCluster(), { ...tls, ...limits });
  }
}

function tokenFileOf(user: User | null): string | undefined {
  return (user?.authProvider as { config?: { tokenFile?: string } } | null | undefined)?.config?.tokenFile;
}

function tlsOf(options: RequestOptions): TlsOptions {
  const { ca, cert, key, servername, rejectUnauthorized } = options as TlsOptions;
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(servername !== undefined && { servername }),
    ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
  };
}

function same(a: TlsOptions, b: TlsOptions): boolean {
  return (['ca', 'cert', 'key'] as const).every((name) => String(a[name] ?? '') === String(b[name] ?? ''))
    && a.servername === b.servername
    && a.rejectUnauthorized === b.rejectUnauthorized;
}
