// The one adapter around @kubernetes/client-node: it runs credential plugins (exec, OIDC, the clouds') and knows HTTP and SOCKS
// proxies. Imported only where a kubeconfig asks for one of these: it would be a sixth of a controller's memory. Nothing else of
// that package is used (its HTTP opens a connection for every call).
import type { Agent } from 'node:http';
import type { RequestOptions } from 'node:https';
import type { Cluster as NodeCluster, User as NodeUser } from '@kubernetes/client-node';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import type { AgentLimits, Credentials, TlsOptions } from '../connection.js';
import type { ExecPlugin } from './entries.js';
import { pem, readCredentials } from './files.js';
import type { Selection } from './kubeconfig.js';

/** Keeps what the plugin gave until the time that it names. */
export class CredentialPlugin {
  readonly #selection: Selection;
  readonly #config: KubeConfig;

  constructor(selection: Selection) {
    this.#selection = selection;
    this.#config = configOf(selection);
  }

  async credentials(): Promise<Credentials> {
    const { headers, tls } = readCredentials(this.#selection);
    const options: RequestOptions = {};
    await this.#ask(options);
    const given = Object.entries(options.headers ?? {}).flatMap(([name, value]) =>
      value === undefined ? [] : [[name.toLowerCase(), String(value).trim()] as const],
    );
    const { cert, key } = options as TlsOptions;
    return {
      headers: { ...headers, ...Object.fromEntries(given) },
      tls: { ...tls, ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) },
    };
  }

  async #ask(options: RequestOptions): Promise<void> {
    const { command = '', installHint } = this.#selection.user.exec ?? {};
    try {
      await this.#config.applyToHTTPSOptions(options);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT' || !command) throw cause;
      throw new Error(`there is no ${command}${installHint ? `: ${installHint.trim()}` : ''}`, { cause });
    }
  }
}

/** client-node's agents are agents of Node that tunnel: with these limits they keep connections. */
export function proxyAgent(selection: Selection, tls: TlsOptions, limits: AgentLimits): Agent {
  const config = configOf(selection) as unknown as { createAgent(cluster: NodeCluster, options: object): Agent };
  return config.createAgent(clusterOf(selection), { ...tls, ...limits });
}

function configOf(selection: Selection): KubeConfig {
  const config = new KubeConfig();
  config.loadFromClusterAndUser(clusterOf(selection), userOf(selection));
  return config;
}

/** Certificates are ours to read. */
function clusterOf({ name, cluster }: Selection): NodeCluster {
  return {
    name,
    server: cluster.server,
    // client-node refuses plain HTTP unless certificates are not to be verified, of which there are none.
    skipTLSVerify: cluster['insecure-skip-tls-verify'] === true || cluster.server.startsWith('http:'),
    ...(cluster['proxy-url'] && { proxyUrl: cluster['proxy-url'] }),
  };
}

function userOf(selection: Selection): NodeUser {
  const { exec, 'auth-provider': authProvider } = selection.user;
  const info = exec && { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(execInfo(exec, selection)) };
  return {
    name: 'user',
    ...(authProvider && { authProvider }),
    // client-go adds it and plugins rely on it.
    ...(exec && info && { exec: { ...exec, env: [...(exec.env ?? []), info] } }),
  };
}

function execInfo({ apiVersion, provideClusterInfo }: ExecPlugin, { cluster }: Selection): object {
  return {
    kind: 'ExecCredential',
    apiVersion,
    spec: { interactive: false, ...(provideClusterInfo === true && { cluster: clusterInfo(cluster) }) },
  };
}

/** The name of the extension by which a cluster's entry speaks to the plugin. */
const pluginExtension = 'client.authentication.k8s.io/exec';

function clusterInfo(cluster: Selection['cluster']): object {
  const ca = pem(cluster['certificate-authority-data'], cluster['certificate-authority']);
  const { server } = cluster;
  const said = (['tls-server-name', 'insecure-skip-tls-verify', 'proxy-url', 'disable-compression'] as const).filter(
    (name) => cluster[name],
  );
  return {
    server,
    ...Object.fromEntries(said.map((name) => [name, cluster[name]])),
    ...(ca && { 'certificate-authority-data': ca.toString('base64') }),
    config: cluster.extensions?.find(({ name }) => name === pluginExtension)?.extension,
  };
}
