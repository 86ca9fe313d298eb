import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConfigError, createClient, createTransport, loadConfig, type Client } from '@stackwright/kube';
import { CliError } from '../errors.js';
import { expectOwn } from './trust.js';

export interface ConnectOptions {
  /** --kubeconfig. */
  kubeconfig?: string | undefined;
  /** The embedded cluster's, taken when nothing else is said. */
  embedded: string;
}

export interface ClusterConnection {
  client: Client;
  /** "https://127.0.0.1:6443". */
  server: string;
  /** Of the kubeconfig's context. */
  namespace: string;
  /** The kubeconfig that was taken; undefined inside a Pod or with several. */
  kubeconfig: string | undefined;
  close(): void;
}

/** Takes --kubeconfig, else $KUBECONFIG, else the embedded cluster where there is one, else ~/.kube/config. */
export async function connect({ kubeconfig, embedded }: ConnectOptions): Promise<ClusterConnection> {
  const file = kubeconfig ?? (!process.env['KUBECONFIG'] && existsSync(embedded) ? embedded : undefined);
  if (file === embedded) expectOwn(dirname(embedded), embedded);
  try {
    const connection = await loadConfig(file === undefined ? {} : { kubeconfig: file });
    const transport = createTransport({ connection, userAgent: 'stackwright-cli' });
    return {
      client: createClient(transport),
      server: connection.server,
      namespace: connection.namespace,
      kubeconfig: file ?? process.env['KUBECONFIG'],
      close: () => {
        transport.close();
      },
    };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new CliError(error.message, {
      cause: error,
      hints: ['Start the embedded cluster with `npm start`, or name a cluster with --kubeconfig.'],
    });
  }
}
