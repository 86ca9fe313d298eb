// Whether a server answers, and how its administrator reaches one that is run here.
import { Reason } from '@stackwright/api';
import {
  done,
  endpointsOf,
  waiting,
  type Endpoint,
  type GraphBuilder,
  type Outcome,
  type Reconciled,
  type StepHandle,
  type StepScope,
} from '@stackwright/graph';
import { Secret, type Resource } from '@stackwright/kube';
import { secretReference } from '../secrets/usable-by.js';
import { valuesOf } from '../secrets/secret.js';

export interface ManagedServer {
  /** Name of its Service. */
  name: string;
  /** Of the port that its administrator connects to. */
  portName: string;
  /** The Secret with the administrator's password. */
  passwordSecret: string;
}

/** Address and password, once there are both. The step declares Secret and EndpointSlice in `reads`. */
export function managedServer(
  scope: Pick<StepScope<Reconciled>, 'get' | 'list' | 'namespace'>,
  { name, portName, passwordSecret }: ManagedServer,
): Outcome<Endpoint & { password: string }> {
  const secret = scope.get(Secret, passwordSecret);
  const checked = secret && valuesOf(secret, ['password']);
  if (!checked || 'missing' in checked) {
    return waiting(Reason.Pending, `Secret ${passwordSecret} holds no password yet`, {
      on: secretReference(passwordSecret, scope),
    });
  }
  const [endpoint] = endpointsOf(scope, name, portName);
  if (endpoint) return done({ ...endpoint, ...checked.values });
  return waiting(Reason.NoReadyEndpoint, `Service ${name} has no ready endpoint`, {
    on: { apiVersion: 'v1', kind: 'Service', name, namespace: scope.namespace },
  });
}

export interface ServerEndpointOptions<R extends Reconciled, Server> {
  after: readonly StepHandle[];
  /** Kinds that `server` reads. */
  reads: readonly Resource[];
  server: (scope: StepScope<R>) => Outcome<Server>;
  /** The version that the server says it has. Rejects when it does not do what it is for. */
  ask: (server: Server, signal: AbortSignal) => Promise<string>;
  explain: (error: unknown) => { reason: string; message: string };
}

/** Step 'Endpoint': Done when the server answers, whatever is said of its Pods. Asked again every minute. */
export function serverEndpointStep<R extends Reconciled, Server>(
  g: GraphBuilder<R>,
  { after, reads, server, ask, explain }: ServerEndpointOptions<R, Server>,
): StepHandle<Server & { version: string }> {
  type Answer = Server & { version: string };
  return g.external<Answer, never, Answer>({
    name: 'Endpoint',
    after,
    reads,
    ready: server,
    async observe(scope, signal) {
      const found = server(scope);
      if (found.state !== 'Done') throw new Error(found.message);
      return { ...found.output, version: await ask(found.output, signal) };
    },
    diff: () => [],
    describe: () => '',
    apply: () => Promise.resolve(),
    output: (_scope, answer) => answer,
    explain,
    resync: 60_000,
  });
}
