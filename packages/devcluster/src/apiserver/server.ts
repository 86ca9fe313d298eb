// The API server, put together.
import { join } from 'node:path';
import { ApiError, type Client } from '@stackwright/kube';
import type { AdmissionPlugin } from './admission.js';
import { auditFile, type AuditEvent, type AuditSink } from './audit.js';
import { Authenticator } from './auth/authenticator.js';
import type { Authorizer } from './auth/authorizer.js';
import { RoleAggregation } from './auth/rbac/aggregation.js';
import { createRoles } from './auth/rbac/bootstrap.js';
import { escalationPrevention } from './auth/rbac/escalation.js';
import { MASTERS, RbacAuthorizer } from './auth/rbac/rbac.js';
import { reviews } from './auth/reviews.js';
import { servingCertificate } from './auth/tls.js';
import { createNamespaces, createPriorityClasses, publishServer } from './bootstrap.js';
import { inProcessClient, type RawHandler } from './client.js';
import type { ServerContext } from './context.js';
import { serveDefinitions } from './crds/serve.js';
import { discovery } from './discovery.js';
import { Faults } from './faults/faults.js';
import type { Dispatcher, SubresourceHandler } from './dispatch.js';
import { handle, type Handler } from './http/handle.js';
import { listen } from './http/listen.js';
import { ConnectionLost, type Interceptor } from './intercept.js';
import { kubeconfig } from './kubeconfig.js';
import { ContainerDeletion } from './lifecycle/containers.js';
import { GarbageCollector } from './lifecycle/garbage.js';
import { openApi } from './openapi/openapi.js';
import { builtinPlugins } from './plugins.js';
import { policies } from './policies/plugin.js';
import { AddressRange } from './registry/builtin/address-range.js';
import { builtinResources } from './registry/builtin/index.js';
import { Registry } from './registry/registry.js';
import type { Subresource } from './registry/resource.js';
import type { UserInfo } from './request.js';
import { DiskPersistence } from './store/persistence.js';
import { Store } from './store/store.js';
import { openStateDirectory } from '../state-directory.js';
import { bind } from './subresources/binding.js';
import { evict } from './subresources/eviction.js';
import { attach, exec, portForwards } from './subresources/connect.js';
import { logs } from './subresources/log.js';
import type { NodeProxy } from './subresources/node-proxy.js';
import { scale } from './subresources/scale.js';
import { tokens } from './subresources/token.js';
import { webhookCaller, type ServiceResolver } from './webhooks/client.js';
import { webhooks } from './webhooks/plugin.js';

export interface ApiServerOptions {
  /** Where objects, keys and the audit log are kept. Absent: in memory, gone at the end. */
  stateDirectory?: string;
  /** Default "127.0.0.1". */
  host?: string;
  /** Default 0: any free one. */
  port?: number;
  /** HTTPS with the cluster's own authority. Default: with a state directory. */
  tls?: boolean;
  /** Addresses and names that clients reach the server by, besides the host, localhost and the usual ones. */
  names?: readonly string[];
  /** IPv4 address behind the Service `kubernetes`. Default the host. */
  advertiseAddress?: string;
  /** Events remembered per resource; watches from before are told 410. Default 1000. */
  historyLimit?: number;
  /** Milliseconds between bookmarks. Default 60 000. */
  bookmarkInterval?: number;
  /** Where Services get their addresses from. Default "10.96.0.0/16". */
  serviceRange?: string;
  /**
   * The user who may say that endpoints are on loopback, as nobody may on a real server: where Pods have such addresses, the
   * controller that publishes them. Default: nobody.
   */
  loopbackEndpointsOf?: string;
  /** Deletes what lost its owners. Default true; envtest has none. */
  garbageCollection?: boolean;
  /** The namespace that the administrator's kubeconfig works in. Default: none named, which is "default". */
  namespace?: string;
  /** Who may do what. Default RBAC; `allowAll` lets everybody who is authenticated do everything. */
  authorizer?: Authorizer;
  /**
   * Where webhooks behind a Service are reached from this process. Default: the first ready endpoint of the Service.
   */
  resolveService?: ServiceResolver;
  /**
   * Milliseconds for which lists and watches of a new CRD's objects are answered 429 ("storage is (re)initializing"), as
   * real servers do now and then. Default 0.
   */
  settlingTime?: number;
  /**
   * Milliseconds that a namespace keeps what is in it after its deletion was asked for. A real cluster has 5000, in which
   * controllers can still act. Default 0.
   */
  namespaceGrace?: number;
}

export interface ApiServer {
  readonly url: string;
  readonly port: number;
  /** PEM of the authority behind the server's certificate; undefined on plain HTTP. */
  readonly certificateAuthority: string | undefined;
  /** The administrator's kubeconfig, as YAML. Secret. */
  readonly kubeconfig: string;
  /** A client that skips HTTP and nothing else; requests are made in the name of the user, who may do everything. */
  client(user?: string): Client;
  /** What goes wrong between the server and its clients over HTTP; nothing, until a test says so. */
  readonly faults: Faults;
  /** Code around every request of a resource, those from inside the process included. */
  readonly interceptors: Interceptor[];
  readonly admission: AdmissionPlugin[];
  /** Who serves logs, commands and ports of Pods; the node agent, once there is one. */
  setNodeProxy(proxy: NodeProxy | undefined): void;
  onAudit(listener: (event: AuditEvent) => void): () => void;
  readonly context: ServerContext;
  /** Ends watches and connections, and closes the store's files. */
  stop(): Promise<void>;
}

export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const { stateDirectory, host = '127.0.0.1' } = options;
  if (stateDirectory !== undefined) openStateDirectory(stateDirectory);
  const directory = (name: string) => (stateDirectory === undefined ? {} : { directory: join(stateDirectory, name) });
  const serviceRange = new AddressRange(options.serviceRange ?? '10.96.0.0/16');
  const tls =
    (options.tls ?? stateDirectory !== undefined)
      ? await servingCertificate({ ...directory('pki'), names: [host, serviceRange.first, ...(options.names ?? [])] })
      : undefined;
  const store = new Store({
    ...(stateDirectory === undefined
      ? {}
      : { persistence: new DiskPersistence({ directory: join(stateDirectory, 'store') }) }),
    ...(options.historyLimit === undefined ? {} : { historyLimit: options.historyLimit }),
  });
  const registry = new Registry();
  registry.add(...builtinResources(serviceRange));
  const context: ServerContext = {
    store,
    registry,
    admission: [],
    now: () => Date.now(),
    loopbackEndpointsOf: options.loopbackEndpointsOf,
    bookmarkInterval: options.bookmarkInterval ?? 60_000,
    settling: new Map(),
  };
  const caller = webhookCaller(store, options.resolveService);
  const authorizer = options.authorizer ?? new RbacAuthorizer(store);
  context.admission.push(
    ...builtinPlugins(context),
    escalationPrevention(store, authorizer),
    policies(context),
    webhooks(context, caller),
  );
  const audit = new Set<AuditSink>();
  if (stateDirectory !== undefined) audit.add(auditFile(join(stateDirectory, 'audit.log')));
  const dispatcher: Dispatcher = {
    context,
    authorizer,
    interceptors: [],
    subresources: new Map<Subresource, SubresourceHandler>(),
    reviews: new Map<string, SubresourceHandler>(),
    audit,
  };
  const authenticator = new Authenticator({ store, now: () => context.now(), ...directory('auth') });
  for (const { resource, handle: answer } of reviews(authenticator, dispatcher.authorizer)) {
    registry.add(resource);
    dispatcher.reviews.set(resource.storage, answer);
  }
  let nodeProxy: NodeProxy | undefined;
  const node = (): NodeProxy | undefined => nodeProxy;
  dispatcher.subresources
    .set('scale', scale)
    .set('token', tokens(authenticator))
    .set('binding', bind)
    .set('eviction', evict)
    .set('log', logs(node))
    .set('exec', exec(node))
    .set('attach', attach(node))
    .set('portforward', portForwards(node));
  const handler: Handler = { dispatcher, authenticator, discovery: discovery(registry), openApi: openApi(registry) };
  serveDefinitions(context, {
    caller,
    ...(options.settlingTime === undefined ? {} : { settlingTime: options.settlingTime }),
  });
  createNamespaces(context);
  createPriorityClasses(context);
  createRoles(context);
  // What belongs to a real cluster's controller manager, but is needed for objects to end at all.
  const system = (name: string): Client =>
    inProcessClient(dispatcher, systemUser(`system:serviceaccount:kube-system:${name}`));
  const aggregation = new RoleAggregation(store, system('clusterrole-aggregation-controller'));
  const containers = new ContainerDeletion(context, system('namespace-controller'), {
    grace: options.namespaceGrace ?? 0,
  });
  const garbage =
    options.garbageCollection === false
      ? undefined
      : new GarbageCollector(context, system('generic-garbage-collector'));
  const faults = new Faults();
  const listener = await listen({
    host,
    port: options.port ?? 0,
    ...(tls ? { tls } : {}),
    handle: (request) => faults.around((sound) => handle(handler, sound), request),
  });
  publishServer(context, {
    clusterIP: serviceRange.first,
    address: options.advertiseAddress ?? host,
    port: listener.port,
  });
  return {
    url: listener.url,
    port: listener.port,
    certificateAuthority: tls?.authority,
    kubeconfig: kubeconfig({
      server: listener.url,
      token: authenticator.adminToken,
      ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
      ...(tls ? { certificateAuthority: tls.authority } : {}),
    }),
    client: (user = 'system:admin') => inProcessClient(dispatcher, systemUser(user), rawHandler(handler)),
    faults,
    interceptors: dispatcher.interceptors,
    admission: context.admission,
    setNodeProxy: (proxy) => {
      nodeProxy = proxy;
    },
    onAudit: (sink) => {
      audit.add(sink);
      return () => audit.delete(sink);
    },
    context,
    stop: async () => {
      await listener.close();
      await Promise.all([aggregation.stop(), containers.stop(), garbage?.stop()]);
      await store.close();
    },
  };
}

const systemUser = (name: string): UserInfo => ({ name, groups: [MASTERS, 'system:authenticated'] });

function rawHandler(handler: Handler): RawHandler {
  return async (user, method, url, options) => {
    const answer = await handle(handler, {
      method,
      url,
      headers: { accept: options?.accept ?? '*/*', 'content-type': options?.contentType, 'user-agent': user.name },
      body: async () => Buffer.from(options?.body ?? ''),
      user,
      signal: options?.signal ?? new AbortController().signal,
    }).catch((error: unknown) => {
      if (!(error instanceof ConnectionLost)) throw error;
      throw new ApiError({ code: 0, reason: 'ConnectionFailed', message: 'the connection was lost', cause: error });
    });
    let text = '';
    if (typeof answer.body === 'string') text = answer.body;
    else for await (const piece of answer.body) text += piece;
    if (answer.code >= 400) throw errorOf(answer.code, text);
    return text;
  };
}

function errorOf(code: number, text: string): ApiError {
  const status = JSON.parse(text) as NonNullable<ApiError['status']>;
  const seconds = status.details?.retryAfterSeconds;
  return new ApiError({
    code,
    reason: status.reason ?? 'Unknown',
    message: status.message ?? text,
    status,
    ...(seconds === undefined ? {} : { retryAfter: seconds * 1000 }),
  });
}
