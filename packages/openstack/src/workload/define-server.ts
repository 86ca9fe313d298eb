// A server that services stand on: run here, or told of by a Secret; it is Ready when it answers its administrator.
import { Reason } from '@stackwright/api';
import {
  defineObjectGraph,
  type Graph,
  type GraphBuilder,
  type Reconciled,
  type StepHandle,
  type StepScope,
  type Outcome,
  waiting,
} from '@stackwright/graph';
import {
  NetworkPolicy,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  Secret,
  Service,
  StatefulSet,
  type Resource,
} from '@stackwright/kube';
import { keptBefore, keptStatus } from '../secrets/kept.js';
import { namedBy, usedBefore, whoServed, type MayBeElsewhere, type Whereabouts } from './in-use.js';
import { storageStatusOf } from './server.js';
import { serverEndpointStep, type ServerEndpointOptions } from './server-endpoint.js';

export interface ServerDefinition<R extends MayBeElsewhere, Server> extends Pick<
  ServerEndpointOptions<R, Server>,
  'reads' | 'ask' | 'explain' | 'endpoint' | 'administeredAt' | 'lacks'
> {
  /** What its steps own besides what all servers have. */
  owns?: readonly Resource[];
  /** Steps for a server that is run here, once it answers. */
  tend?: (g: GraphBuilder<R>, endpoint: StepHandle<Server & { version: string }>) => void;
  /** The steps that run it here; the last of them. */
  run: (g: GraphBuilder<R>) => StepHandle;
  /** Where it is and how to administer it, wherever it runs: by the spec. */
  server: (scope: StepScope<R>, object: Readonly<R>) => Outcome<Server>;
  /** Names of the Secrets that `run` keeps. */
  kept: (object: string) => readonly string[];
}

const owns = [Secret, Service, StatefulSet, PodDisruptionBudget, NetworkPolicy];
/** Its StatefulSet makes them. */
const amends = [PersistentVolumeClaim];

/** Characters that status has room for: a server elsewhere may say anything. */
const longestVersion = 253;

export function defineServer<R extends MayBeElsewhere, Server>(
  resource: Resource<R>,
  {
    run,
    owns: more = [],
    tend,
    server,
    reads,
    endpoint,
    administeredAt,
    ask,
    explain,
    lacks,
    kept,
  }: ServerDefinition<R, Server>,
): Graph<R> {
  const all = [...owns, ...more];
  return defineObjectGraph(
    resource,
    (g, object) => {
      const elsewhere = namedBy(object);
      const isLeaving = elsewhere !== undefined && hasRunHere(object);
      const here = elsewhere === undefined || isLeaving ? [run(g)] : [];
      const isMoving = whoServed(object) !== undefined && elsewhere !== usedBefore(object);
      const answer = serverEndpointStep(g, {
        decides: !isMoving,
        // What runs here, and is to be given up, may be what is broken.
        after: isLeaving ? [] : here,
        ...(elsewhere === undefined ? {} : { owns: [...all, ...amends] }),
        ...{ reads, ask, explain, endpoint },
        ...(lacks ? { lacks } : {}),
        ...(administeredAt ? { administeredAt } : {}),
        server: (scope) => server(scope, scope.object),
      });
      // Who serves until the other one does is the one before.
      if (isMoving) {
        const before = (scope: StepScope<R>) => server(scope, asUsed(scope.object));
        serverEndpointStep(g, { name: 'Serving', after: [], reads, ask, explain, endpoint, server: before });
      }
      if (isLeaving) handoverStep(g, answer);
      if (elsewhere === undefined) tend?.(g, answer);
    },
    {
      owns: all,
      amends,
      reads: [...reads, { resource: Pod, parts: true }],
      status(scope) {
        const { object, name } = scope;
        const answer = scope.output<Server & { version: string }>({ name: 'Endpoint' });
        const before = object.status as (Partial<Whereabouts> & { version?: string }) | undefined;
        const administered = answer ? administeredAt?.(answer) : before?.administeredAt;
        return {
          endpoint: answer ? endpoint(answer) : before?.endpoint,
          ...(administered === undefined ? {} : { administeredAt: administered }),
          // Who has the data is known also while it is away.
          version: answer?.version.slice(0, longestVersion) ?? before?.version,
          externalSecret: answer ? namedBy(object) : usedBefore(object),
          ...storageStatusOf(scope),
          ...keptStatus(scope, kept(name)),
        };
      },
    },
  );
}

/** Whether the server that serves, as far as is known, is the one that is run here. That a password is there says it of no server. */
const hasRunHere = (object: Readonly<MayBeElsewhere>): boolean =>
  usedBefore(object) === undefined && whoServed(object) === 'Here' && keptBefore(object).length > 0;

/** As its spec was when the server that serves now took over, as far as where that is goes. */
function asUsed<R extends MayBeElsewhere>(object: Readonly<R>): R {
  const { external: _wanted, ...spec } = object.spec;
  const name = usedBefore(object);
  return { ...object, spec: { ...spec, ...(name === undefined ? {} : { external: { secretRef: { name } } }) } };
}

/** The other server has taken over: with this in status, the next reconcile wants nothing here any more. */
function handoverStep<R extends Reconciled>(g: GraphBuilder<R>, answer: StepHandle): void {
  g.step({
    name: 'Handover',
    after: [answer],
    run: () =>
      waiting(Reason.Pending, 'The external server takes over; the one here is about to be taken away', {
        after: 1_000,
      }),
  });
}
