// Whether a server answers, and how its administrator reaches one that is run here.
import { Reason } from '@stackwright/api';
import {
  done,
  endpointsOf,
  waiting,
  type Endpoint,
  type GraphBuilder,
  type Outcome,
  type ReadDeclaration,
  type Reconciled,
  type StepHandle,
  type StepScope,
} from '@stackwright/graph';
import { Secret, type Resource } from '@stackwright/kube';
import { Refused } from '../claims/refused.js';
import { passwordIn } from '../secrets/text.js';
import { secretReference } from '../secrets/usable-by.js';
import { isWhereItServed, namedBy, usedBefore, whoServed, type MayBeElsewhere } from './in-use.js';

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
  const read = secret && passwordIn(secret, 'password');
  if (!read || 'problem' in read) {
    return waiting(Reason.Pending, `Secret ${passwordSecret} holds no password yet`, {
      on: secretReference(passwordSecret, scope),
    });
  }
  const [endpoint] = endpointsOf(scope, name, portName);
  if (endpoint) return done({ ...endpoint, password: read.text });
  return waiting(Reason.NoReadyEndpoint, `Service ${name} has no ready endpoint`, {
    on: { apiVersion: 'v1', kind: 'Service', name, namespace: scope.namespace },
  });
}

export interface ServerEndpointOptions<R extends MayBeElsewhere, Server> {
  /** Of the step. Default 'Endpoint'. */
  name?: string;
  /** Whether it says that the object is available: that the server answers which serves now. Default true. */
  decides?: boolean;
  after: readonly StepHandle[];
  /** Kinds that `server` and `lacks` read. */
  reads: readonly ReadDeclaration[];
  server: (scope: StepScope<R>) => Outcome<Server>;
  /** The version that the server says it has. Rejects when it does not do what it is for. */
  ask: (server: Server, signal: AbortSignal) => Promise<string>;
  explain: (error: unknown) => { reason: string; message: string };
  /** `status.endpoint`. */
  endpoint: (server: Server) => string;
  /** `status.administeredAt`: where that is not the endpoint. Default: it is. */
  administeredAt?: (server: Server) => string | undefined;
  /**
   * Of a server that was not used so far: what fulfilled claims have on the one before and it does not hold, in words. None: it may
   * take over.
   */
  lacks?: (scope: StepScope<R>, server: Server, signal: AbortSignal) => Promise<readonly string[]>;
  /** Kinds of which nothing may go before it has taken over. */
  owns?: readonly Resource[];
}

/**
 * Step 'Endpoint': Done when the server answers, whatever is said of its Pods; another one than the last also has to hold what claims
 * have (DataNotMoved). Asked again every minute.
 */
export function serverEndpointStep<R extends MayBeElsewhere, Server>(
  g: GraphBuilder<R>,
  {
    name = 'Endpoint',
    decides = true,
    after,
    reads,
    server,
    ask,
    explain,
    endpoint,
    administeredAt = () => undefined,
    lacks,
    owns = [],
  }: ServerEndpointOptions<R, Server>,
): StepHandle<Server & { version: string }> {
  type Answer = Server & { version: string };
  const step = g.external<Answer, never, Answer>({
    name,
    after,
    owns,
    reads,
    ready: server,
    async observe(scope, signal) {
      const found = server(scope);
      if (found.state !== 'Done') throw new Error(found.message);
      const version = await ask(found.output, signal);
      if (lacks && isAnother(scope.object, endpoint(found.output), administeredAt(found.output))) {
        const missing = await lacks(scope, found.output, signal);
        if (missing.length > 0) throw new Refused(Reason.DataNotMoved, notMoved(endpoint(found.output), missing));
      }
      return { ...found.output, version };
    },
    diff: () => [],
    describe: () => '',
    apply: () => Promise.resolve(),
    output: (_scope, answer) => answer,
    explain,
    resync: 60_000,
  });
  if (decides) g.available(step);
  return step;
}

/** Than the one that served last, where any did. One that is run here may get other addresses. */
function isAnother(object: Readonly<MayBeElsewhere>, endpoint: string, administeredAt: string | undefined): boolean {
  const named = namedBy(object);
  if (named !== usedBefore(object)) return true;
  if (named === undefined) return whoServed(object) === 'Elsewhere';
  return !isWhereItServed(object, { endpoint, administeredAt });
}

const notMoved = (endpoint: string, missing: readonly string[]): string =>
  `${endpoint} does not hold what claims have on the server before, which serves on: ${missing.join(', ')}. ` +
  'Move it there, or take the change of spec.external back';
