// A whole cluster in this process: the API server and, as asked, workload controllers and a node.
import type { Client } from '@stackwright/kube';
import { startApiServer, type ApiServer, type ApiServerOptions } from './apiserver/index.js';

export interface DevclusterOptions extends ApiServerOptions {
  /** "none": no workload controllers and no node either, only the API (as envtest). Default "simulated". */
  node?: 'podman' | 'simulated' | 'none';
}

export interface Devcluster {
  readonly url: string;
  /** The administrator's kubeconfig, as YAML. Secret. */
  readonly kubeconfig: string;
  readonly client: Client;
  readonly server: ApiServer;
  stop(): Promise<void>;
}

export async function startDevcluster(options: DevclusterOptions = {}): Promise<Devcluster> {
  const server = await startApiServer(options);
  return {
    url: server.url,
    kubeconfig: server.kubeconfig,
    client: server.client(),
    server,
    stop: () => server.stop(),
  };
}
