// Which cluster a process talks to, and as whom: $KUBECONFIG, the Pod's ServiceAccount, or ~/.kube/config.
import type { Agent } from 'node:http';
import { existsSync, readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { areInFiles, readCredentials, sameTls } from './config/files.js';
import { ConfigError, parseSources, readSource, select, type Selection, type Source } from './config/kubeconfig.js';
import type { CredentialPlugin } from './config/plugins.js';
import { serverUrl, type AgentLimits, type Connection, type Credentials, type TlsOptions } from './connection.js';

export { ConfigError };

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
  const root = options.root ?? '';
  const load = (): Selection => {
    const sources = sourcesOf(options, root);
    return sources ? select(parseSources(sources), options.context) : inCluster(root);
  };
  const selection = load();
  const proxies = selection.cluster['proxy-url'] ? await import('./config/plugins.js') : undefined;
  return new ConfiguredConnection(selection, load, options.now ?? (() => performance.now()), proxies?.proxyAgent);
}

/** Undefined: the Pod's ServiceAccount. */
function sourcesOf(options: ConfigOptions, root: string): Source[] | undefined {
  if (options.content !== undefined) {
    return [{ name: 'the given kubeconfig', text: options.content, root: process.cwd() }];
  }
  if (options.kubeconfig !== undefined) return [readSource(options.kubeconfig)];
  const listed = process.env['KUBECONFIG'];
  if (listed) {
    const present = listed.split(delimiter).filter((file) => file !== '' && existsSync(file));
    if (present.length === 0) throw new ConfigError(`KUBECONFIG names no file that exists: ${listed}`);
    return present.map(readSource);
  }
  if (process.env['KUBERNETES_SERVICE_HOST'] && existsSync(join(root, serviceAccount, 'token'))) return undefined;
  const home = join(homedir(), '.kube', 'config');
  if (existsSync(home)) return [readSource(home)];
  throw new ConfigError(`no cluster is configured: KUBECONFIG is not set, this is not a Pod, and there is no ${home}`);
}

function inCluster(root: string): Selection {
  const host = process.env['KUBERNETES_SERVICE_HOST'] ?? '';
  const port = process.env['KUBERNETES_SERVICE_PORT'] || '443';
  const file = (name: string): string => join(root, serviceAccount, name);
  return {
    name: 'in-cluster',
    cluster: {
      server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
      'certificate-authority': file('ca.crt'),
    },
    user: { tokenFile: file('token') },
    namespace: existsSync(file('namespace')) ? readFileSync(file('namespace'), 'utf8') : undefined,
  };
}

type ProxyAgent = (selection: Selection, tls: TlsOptions, limits: AgentLimits) => Agent;

class ConfiguredConnection implements Connection {
  readonly server: string;
  readonly namespace: string;
  readonly disableCompression: boolean;
  readonly proxyAgent?: (tls: TlsOptions, limits: AgentLimits) => Agent;
  readonly #load: () => Selection;
  readonly #now: () => number;
  #selection: Selection;
  #plugin: CredentialPlugin | undefined;
  #current: { credentials: Credentials; until: number } | undefined;
  /** As last handed out: the same object as long as it says the same, for another one costs all connections. */
  #tls: TlsOptions | undefined;
  #pending: Promise<Credentials> | undefined;

  constructor(selection: Selection, load: () => Selection, now: () => number, proxy: ProxyAgent | undefined) {
    this.#selection = selection;
    this.#load = load;
    this.#now = now;
    try {
      this.server = serverUrl(selection.cluster.server);
    } catch (cause) {
      throw new ConfigError(`cluster "${selection.name}" of the kubeconfig: ${(cause as Error).message}`, { cause });
    }
    this.namespace = selection.namespace?.trim() || 'default';
    this.disableCompression = selection.cluster['disable-compression'] === true;
    if (proxy) this.proxyAgent = (tls, limits) => proxy(this.#selection, tls, limits);
  }

  credentials(): Credentials | Promise<Credentials> {
    if (this.#current && this.#now() < this.#current.until) return this.#current.credentials;
    // A plugin may take seconds: it runs once, whatever the number of requests that wait for it.
    this.#pending ??= this.#refresh().finally(() => (this.#pending = undefined));
    return this.#pending;
  }

  expire(): boolean {
    try {
      // The kubeconfig itself may have been written anew, and a plugin keeps its answer until the time that this names.
      const selection = this.#load();
      if (!this.#changes() && isDeepStrictEqual(selection.user, this.#selection.user)) return false;
      this.#selection = { ...this.#selection, user: selection.user };
    } catch {
      // One that is being rewritten: the answer that we have says more than the error here.
      return false;
    }
    this.#plugin = undefined;
    this.#current = undefined;
    this.#pending = undefined;
    return true;
  }

  /** Whether credentials come from where others write: files, plugins, refresh tokens. */
  #changes(): boolean {
    return areInFiles(this.#selection) || this.#needsPlugin();
  }

  #needsPlugin(): boolean {
    return Boolean(this.#selection.user.exec || this.#selection.user['auth-provider']);
  }

  async #refresh(): Promise<Credentials> {
    const before = this.#current?.credentials;
    try {
      const read = await this.#read();
      if (!this.#tls || !sameTls(this.#tls, read.tls)) this.#tls = read.tls;
      const credentials = { headers: read.headers, tls: this.#tls };
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
    if (!this.#needsPlugin()) return readCredentials(this.#selection);
    const { CredentialPlugin } = await import('./config/plugins.js');
    this.#plugin ??= new CredentialPlugin(this.#selection);
    return this.#plugin.credentials();
  }
}
