// The consumer's side of claims: ask, wait until it is fulfilled, read the Secret that comes of it.
import {
  annotations,
  CacheClaim,
  cacheConnectionKeys,
  DatabaseClaim,
  databaseConnectionKeys,
  isReady,
  readyCondition,
  Reason,
  servingDefaults,
  type Conditioned,
} from '@stackwright/api';
import { done, failed, waiting, type Desired, type Outcome, type StepHandle, type StepScope } from '@stackwright/graph';
import { apiVersionOf, Secret, type Resource } from '@stackwright/kube';
import type { ObjectPods } from '../workload/object-pods.js';
import { secretReference } from '../secrets/usable-by.js';
import { portIn, valuesOf } from '../secrets/secret.js';
import { linesIn } from '../secrets/text.js';
import { connectionsOf, poolOf } from './connections.js';
import { partName } from './names.js';
import { userInUse } from './credentials.js';
import type { Declaration } from './declaration.js';
import type { Cache, Database, DatabaseOptions, ServiceObject } from './builder.js';

interface Claim extends Conditioned {
  status?: Conditioned['status'] & { secretName?: string };
}

export interface Fulfilled<Key extends string, T extends Claim = Claim> {
  /** As its provider left it. */
  claim: Readonly<T>;
  secretName: string;
  values: Record<Key, string>;
  /** PEM of the authorities of the server's certificate, where the Secret names any. */
  ca?: string;
}

/** Wants the claim; Done with what its Secret holds. The step declares the claim in `owns` and Secret in `reads`. */
export function fulfilled<R extends ServiceObject, T extends Claim, Key extends string>(
  scope: StepScope<R>,
  resource: Resource<T>,
  desired: Desired<T>,
  keys: readonly Key[],
): Outcome<Fulfilled<Key, T>> {
  const { name } = desired.metadata;
  const what = `${resource.kind} ${name}`;
  const on = { apiVersion: apiVersionOf(resource), kind: resource.kind, name, namespace: scope.namespace };
  const claim = scope.own(resource, desired);
  if (!claim) return waiting(Reason.Pending, `${what} is being created`, { on });
  if (!isReady(claim)) {
    const { message: why, status } = readyCondition(claim) ?? {};
    // Fulfilled as it was asked before: what it gave is of use until it is again.
    const changing = status === 'True';
    return waiting(Reason.WaitingForClaim, `${what} is not fulfilled yet${why ? `: ${why}` : ''}`, { on, changing });
  }
  const secretName = claim.status?.secretName ?? '';
  const secret = secretName === '' ? undefined : scope.get(Secret, secretName);
  if (!secret) return waiting(Reason.WaitingForClaim, `The Secret of ${what} is not there yet`, { on });
  const checked = linesIn(secret, keys);
  if ('problems' in checked) {
    return failed(Reason.SecretIncomplete, `Secret ${secretName} of ${what} ${checked.problems}`, { on });
  }
  const authorities = valuesOf(secret, ['ca.crt']);
  const ca = 'values' in authorities ? { ca: authorities.values['ca.crt'] } : {};
  return done({ claim, secretName, values: checked.values, ...ca });
}

/** What the spec of a claim for credentials and its metadata say about them. The step reads `pods.reads()`. */
export function credentialFields<R extends ServiceObject>(
  scope: StepScope<R>,
  pods: ObjectPods,
  resource: Resource,
  name: string,
): { metadata: { name: string; annotations?: Record<string, string> }; rotation: { rotation?: string } } {
  const { credentialRotation: rotation } = scope.object.spec;
  const before = scope.get(resource, name)?.metadata?.annotations?.[annotations.inUse];
  const inUse = userInUse(scope, pods, name, before);
  return {
    metadata: { name, ...(inUse === undefined ? {} : { annotations: { [annotations.inUse]: inUse } }) },
    rotation: rotation === undefined ? {} : { rotation },
  };
}

export function databaseStep<R extends ServiceObject>(
  { g, service, release, pods }: Declaration<R>,
  { name = 'Database', database = service }: DatabaseOptions,
): StepHandle<Database> {
  return g.step({
    name,
    after: [release],
    owns: [DatabaseClaim],
    reads: pods.reads(Secret),
    run(scope): Outcome<Database> {
      const { deletionPolicy } = scope.object.spec;
      const { metadata, rotation } = credentialFields(scope, pods, DatabaseClaim, partName(scope.name, name));
      const claim = fulfilled(
        scope,
        DatabaseClaim,
        {
          metadata: {
            ...metadata,
            annotations: {
              ...metadata.annotations,
              [annotations.connections]: String(connectionsOf(scope.object.spec)),
            },
          },
          spec: { provider: 'mariadb', database, ...rotation, deletionPolicy },
        },
        databaseConnectionKeys,
      );
      if (claim.state !== 'Done') return claim;
      const { secretName, values, claim: given } = claim.output;
      const port = portIn(values.port);
      if (port === undefined) {
        const message = `Secret ${secretName} of DatabaseClaim ${metadata.name} has no port number in "port"`;
        return failed(Reason.SecretIncomplete, message, { on: secretReference(secretName, scope) });
      }
      const credentials = `${encodeURIComponent(values.username)}:${encodeURIComponent(values.password)}`;
      // An IPv6 address has to be told from a port.
      const host = values.host.includes(':') ? `[${values.host}]` : values.host;
      const url = `mysql+pymysql://${credentials}@${host}:${port}/${values.database}`;
      // Not how often it has moved, which is no reason to do anything in it anew.
      const id = given.status?.databaseId?.split('.')[0];
      const { api } = scope.object.spec;
      const place = { claim: metadata.name, port, url, pool: poolOf({ ...servingDefaults, ...api }) };
      return done({ ...values, ...place, secretName, ...(id === undefined ? {} : { id }) });
    },
  });
}

export function cacheStep<R extends ServiceObject>({ g, release }: Declaration<R>): StepHandle<Cache> {
  return g.step({
    name: 'Cache',
    after: [release],
    owns: [CacheClaim],
    reads: [Secret],
    run(scope): Outcome<Cache> {
      const claim = fulfilled(
        scope,
        CacheClaim,
        { metadata: { name: `${scope.name}-cache` }, spec: { provider: 'memcached' } },
        cacheConnectionKeys,
      );
      if (claim.state !== 'Done') return claim;
      const { secretName, values } = claim.output;
      return done({ servers: values.servers.split(',').map((server) => server.trim()), secretName });
    },
  });
}
