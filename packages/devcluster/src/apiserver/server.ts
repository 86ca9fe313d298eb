// The API server, put together.
import type { Client } from '@stackwright/kube';
import type { AdmissionPlugin } from './admission.js';
import { auditFile, type AuditEvent, type AuditSink } from './audit.js';
import { allowAll, type Authorizer } from './auth/authorizer.js';
import { inProcessClient } from './client.js';
import { timestamp, type ServerContext } from './context.js';
import type { Dispatcher } from './dispatch.js';
import type { Interceptor } from './intercept.js';
import { builtinResources } from './registry/builtin/index.js';
import { Registry } from './registry/registry.js';
import type { UserInfo } from './request.js';
import { DiskPersistence } from './store/persistence.js';
import { Store } from './store/store.js';

export interface ApiServerOptions {
  /** Where objects, keys and the audit log are kept. Absent: in memory, gone at the end. */
  stateDirectory?: string;
  /** Events remembered per resource; watches from before are told 410. Default 1000. */
  historyLimit?: number;
  /** Milliseconds between bookmarks. Default 60 000. */
  bookmarkInterval?: number;
  authorizer?: Authorizer;
}

export interface ApiServer {
  /** A client that skips HTTP and nothing else; requests are made in the name of the user, who may do everything. */
  client(user?: string): Client;
  readonly interceptors: Interceptor[];
  readonly admission: AdmissionPlugin[];
  onAudit(listener: (event: AuditEvent) => void): () => void;
  readonly context: ServerContext;
  stop(): Promise<void>;
}

export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const { stateDirectory } = options;
  const store = new Store({
    ...(stateDirectory === undefined ? {} : { persistence: new DiskPersistence({ directory: `${stateDirectory}/store` }) }),
    ...(options.historyLimit === undefined ? {} : { historyLimit: options.historyLimit }),
  });
  const registry = new Registry();
  registry.add(...builtinResources);
  const context: ServerContext = {
    store,
    registry,
    admission: [],
    now: () => Date.now(),
    bookmarkInterval: options.bookmarkInterval ?? 60_000,
  };
  const audit = new Set<AuditSink>();
  if (stateDirectory !== undefined) audit.add(auditFile(`${stateDirectory}/audit.log`));
  const dispatcher: Dispatcher = {
    context,
    authorizer: options.authorizer ?? allowAll,
    interceptors: [],
    subresources: new Map(),
    audit,
  };
  createNamespaces(context);
  return {
    client: (user = 'system:admin') => inProcessClient(dispatcher, systemUser(user)),
    interceptors: dispatcher.interceptors,
    admission: context.admission,
    onAudit: (listener) => {
      audit.add(listener);
      return () => audit.delete(listener);
    },
    context,
    stop: async () => {
      await store.close();
    },
  };
}

const systemUser = (name: string): UserInfo => ({ name, groups: ['system:masters', 'system:authenticated'] });

function createNamespaces({ store, now }: ServerContext): void {
  for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease']) {
    if (store.get('/namespaces', name)) continue;
    store.put('/namespaces', name, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, uid: crypto.randomUUID(), creationTimestamp: timestamp(now()), labels: { 'kubernetes.io/metadata.name': name } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
  }
}
