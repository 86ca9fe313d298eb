// The one adapter around @kubernetes/client-node: it runs credential plugins (exec, OIDC, the clouds') and knows HTTP and SOCKS
// proxies. Imported only where a kubeconfig asks for one of these: it would be a sixth of a controller's memory. Nothing else of
// that package is used (its HTTP opens a connection for every call).
import type { Agent } from 'node:http';
import type { RequestOptions } from 'node:https';
import type { Cluster as NodeCluster, User as NodeUser } from '@kubernetes/client-node';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import type { AgentLimits, Credentials, TlsOptions } from '../connection.js';
import { readCredentials } from './files.js';
import type { Selection, User } from './kubeconfig.js';

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
    await this.#config.applyToHTTPSOptions(options);
    const given = Object.entries(options.headers ?? {}).flatMap(([name, value]) =>
      value === undefined ? [] : [[name.toLowerCase(), String(value).trim()] as const],
    );
    const { cert, key } = options as TlsOptions;
    return {
      headers: { ...headers, ...Object.fromEntries(given) },
      tls: { ...tls, ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) },
    };
  }
}

/** client-node's agents are agents of Node that tunnel: with these limits they keep connections. */
export function proxyAgent(selection: Selection, tls: TlsOptions, limits: AgentLimits): Agent {
  const config = configOf(selection) as unknown as { createAgent(cluster: NodeCluster, options: object): Agent };
  return config.createAgent(clusterOf(selection), { ...tls, ...limits });
}

function configOf(selection: Selection): KubeConfig {
  const config = new KubeConfig();
  config.loadFromClusterAndUser(clusterOf(selection), userOf(selection.user));
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

function userOf({ exec, 'auth-provider': authProvider }: User): NodeUser {
  return {
    name: 'user',
    ...(authProvider && { authProvider }),
    ...(exec && {
      exec: {
        ...exec,
        // client-go adds it and plugins rely on it.
        env: [...(exec.env ?? []), { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(execInfo(exec.apiVersion)) }],
      },
    }),
  };
}

const execInfo = (apiVersion: string | undefined): object => ({
  kind: 'ExecCredential',
  apiVersion,
  spec: { interactive: false },
});
