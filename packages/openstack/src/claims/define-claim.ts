// A claim that a provider fulfils with something of its own (a database, a virtual host, a user) and with credentials for it.
// The steps are the same for all; a provider says what is true of it alone.
import { Reason, stateOfReason, type Conditioned } from '@stackwright/api';
import {
  defineGraph,
  done,
  waiting,
  type Explanation,
  type Graph,
  type Outcome,
  type Reconciled,
  type StepRuntime,
  type StepScope,
} from '@stackwright/graph';
import { Secret, type Resource } from '@stackwright/kube';
import {
  credentialClaimStatus,
  credentialsOf,
  keptCredentials,
  removeDropped,
  type ClaimCredentials,
  type CredentialClaim,
  type CredentialOptions,
  type KeptCredential,
} from './credentials.js';
import { keptBefore, keptStatus } from '../secrets/kept.js';
import { publishConnection, readyServer } from './fulfil.js';
import { Refused } from './refused.js';

/** A claim of one provider, with credentials that rotate. */
export interface ProvidedClaim extends CredentialClaim {
  spec: { provider: string; rotation?: string };
}

/** What a claim hands out: the user of its name and, in some, others who rotate with it. */
export type ClaimUsers<More extends string = never> = { user: ClaimCredentials } & {
  readonly [one in More]?: ClaimCredentials;
};

/** One of those whom a claim hands out: whose controller reads its password is the same for all. */
type NamedUser = Omit<CredentialOptions, 'service'>;

/** What a claim asks for, once there is somebody to give it. */
export interface Request<R, Server, More extends string = never> {
  claim: Readonly<R>;
  namespace: string;
  /** By which the provider knows whose something is: the claim's namespace and name. */
  owner: string;
  server: Server;
  users: ClaimUsers<More>;
  /**
   * What `notes` has noted, for what its status should say and does not: a claim that was made again, or restored from a
   * backup, has lost it.
   */
  noted: (annotation: string) => string | undefined;
}

/** A claim that is deleted, with all that it had. */
export interface Removal<R, Server> extends Pick<Request<R, Server>, 'claim' | 'owner' | 'noted'> {
  /** Of all generations of `user`, the first one first; none: it never got as far as that. */
  kept: readonly KeptCredential[];
  /** To be asked only where something has to be undone. @throws Refused where there is no way to it, for now */
  reach: () => Server;
}

export interface ClaimDefinition<
  R extends ProvidedClaim,
  Provider extends Conditioned & Reconciled,
  Server extends object,
  Wanted,
  Observed,
  Change,
  More extends string,
> {
  /** The kind that `spec.provider` names. */
  provider: Resource<Provider>;
  /** Where that is and how to administer it. */
  server: (scope: StepScope<R>, provider: Readonly<Provider>) => Outcome<Server>;
  /** Kinds that `server` reads. */
  reads: readonly Resource[];
  /** Done where the claim may have the name that it asks for; `firstClaim` says that of claims. */
  name: (scope: StepScope<R>) => Outcome<undefined>;
  /** Whom the claim hands out; `spec.rotation` and the annotation of those in use speak of `user`, and others follow. */
  users: (claim: Readonly<R>) => { user: Pick<CredentialOptions, 'base'> } & { [one in More]?: NamedUser };

  /** The external step: "Database", whose condition is `DatabaseReady`. */
  step: string;
  /** What is to be there on the server. Pure. */
  wanted: (request: Request<R, Server, More>) => Wanted;
  /** @throws Refused where the claim must not have what is there */
  observe: (server: Server, wanted: Wanted, signal: AbortSignal, runtime: StepRuntime) => Promise<Observed>;
  diff: (wanted: Wanted, observed: Observed) => readonly Change[];
  /** In words, without secrets. */
  describe: (change: Change) => string;
  apply: (
    server: Server,
    changes: readonly Change[],
    wanted: Wanted,
    signal: AbortSignal,
    runtime: StepRuntime,
  ) => Promise<void>;
  /** While there is a provider. Must be safe to repeat. */
  remove: (removal: Removal<R, Server>, signal: AbortSignal, runtime: StepRuntime) => Promise<void>;
  /** When `remove` is called; default 'DeletePolicy': only where the claim's deletion policy is Delete. */
  removeOn?: 'Always' | 'DeletePolicy';
  /** How an error of the server reads as a condition. */
  explain: (error: unknown) => Explanation;
  /** Of a change that makes again what a fulfilled claim had: what was lost with it, for an event. */
  loss?: (claim: Readonly<R>, change: Change) => string | undefined;
  /** Annotations of the Secret that keeps the password, which outlives the claim where its data does. Default: none. */
  notes?: (observed: Observed) => Readonly<Record<string, string>>;
  /** Of its status, besides what all have; `observed` where the provider's step is done. */
  status?: (claim: Readonly<R>, observed: Observed | undefined) => object;
  /** As of any external step: milliseconds that a call may take, and after which a done step looks again. */
  timeout?: number;
  resync?: number;

  /** What the Secret holds by which the claim is fulfilled; `username` among it. */
  connection: (request: Request<R, Server, More>, observed: Observed) => Readonly<Record<string, string>>;
}

/**
 * Declares the graph of a claim:
 * Name and Provider → Password → the step of the provider → Connection (the Secret) and Superseded (passwords nobody uses).
 */
export function defineClaim<
  R extends ProvidedClaim,
  Provider extends Conditioned & Reconciled,
  Server extends object,
  Wanted,
  Observed,
  Change,
  More extends string = never,
>(resource: Resource<R>, definition: ClaimDefinition<R, Provider, Server, Wanted, Observed, Change, More>): Graph<R> {
  const { server: serverOf, step, timeout, resync } = definition;
  const service = definition.provider.kind.toLowerCase();
  const reads: readonly Resource[] = [definition.provider, ...definition.reads];
  return defineGraph(
    resource,
    (g) => {
      const name = g.step({ name: 'Name', reads: [resource], run: (scope) => definition.name(scope) });

      const server = g.step({
        name: 'Provider',
        reads,
        run(scope) {
          const { provider } = scope.object.spec;
          return readyServer(scope, definition.provider, provider, (ready) => serverOf(scope, ready));
        },
      });

      const password = g.step({
        ...passwordStep,
        after: [name],
        owns: [Secret],
        run: (scope) => usersOf(scope, service, definition.users(scope.object)),
      });

      const notedBy = (scope: StepScope<R>) => (annotation: string) =>
        keptCredentials(scope, { ...definition.users(scope.object).user, service })
          .map(({ secretName }) => scope.get(Secret, secretName)?.metadata?.annotations?.[annotation])
          .find((note) => note !== undefined);

      const requestOf = (scope: StepScope<R>): Request<R, Server, More> => ({
        noted: notedBy(scope),
        claim: scope.object,
        namespace: scope.namespace,
        owner: ownerOf(scope),
        server: scope.output(server),
        users: scope.output(password),
      });
      const wantedOf = (scope: StepScope<R>): Wanted => definition.wanted(requestOf(scope));

      const given = g.external<Observed, Change, Observed>({
        name: step,
        after: [name, server, password],
        reads,
        ...(timeout === undefined ? {} : { timeout }),
        ...(resync === undefined ? {} : { resync }),
        observe: (scope, signal, runtime) => definition.observe(scope.output(server), wantedOf(scope), signal, runtime),
        diff: (scope, observed) => definition.diff(wantedOf(scope), observed),
        describe: (change) => definition.describe(change),
        tells(scope, change) {
          const note = definition.loss?.(scope.object, change);
          return note === undefined ? undefined : { reason: Reason.MadeAgain, note };
        },
        apply: (scope, changes, signal, runtime) =>
          definition.apply(scope.output(server), changes, wantedOf(scope), signal, runtime),
        output: (_scope, observed) => observed,
        removeOn: definition.removeOn ?? 'DeletePolicy',
        async remove(scope, signal, runtime) {
          const provider = scope.get(definition.provider, scope.object.spec.provider);
          // With the provider itself gone, or going, there is nothing left to undo.
          if (!provider || provider.metadata?.deletionTimestamp) return;
          const { user } = definition.users(scope.object);
          const kept = keptCredentials(scope, { ...user, service });
          const reach = () =>
            reachable(serverOf(scope, provider), `${definition.provider.kind} ${scope.object.spec.provider}`);
          const removal = { claim: scope.object, owner: ownerOf(scope), kept, reach, noted: notedBy(scope) };
          await definition.remove(removal, signal, runtime);
        },
        explain: (error) =>
          error instanceof Refused
            ? {
                reason: error.reason,
                message: error.message,
                ...(stateOfReason(error.reason) === 'Waiting' ? { state: 'Waiting' } : {}),
              }
            : definition.explain(error),
      });

      g.step({
        name: 'Connection',
        after: [server, password, given],
        owns: [Secret],
        run: (scope) => publishConnection(scope, definition.connection(requestOf(scope), scope.output(given))),
      });

      const { notes } = definition;
      if (notes) {
        g.step({
          name: 'Note',
          after: [password, given],
          owns: [Secret],
          run: (scope) => noteOn(scope, scope.output(password).user.current.secretName, notes(scope.output(given))),
        });
      }

      g.step({
        name: 'Superseded',
        after: [password, given],
        owns: [Secret],
        run: (scope) => removeDropped(scope, { dropped: Object.values(scope.output(password)).flatMap(droppedOf) }),
      });
    },
    {
      status: (scope) => ({
        ...credentialClaimStatus(scope, scope.output<ClaimUsers>(passwordStep)?.user, {
          areDropped: scope.output<Observed>({ name: step }) !== undefined,
        }),
        ...keptStatus(scope, secretsOf(scope.object, scope.output<ClaimUsers>(passwordStep))),
        ...definition.status?.(scope.object, scope.output<Observed>({ name: step })),
      }),
    },
  );
}

/** Those that keep the passwords of its current users; of one that is missed, or of no use, those that did. */
const secretsOf = <R extends ProvidedClaim>(claim: Readonly<R>, users: ClaimUsers | undefined): string[] =>
  users
    ? Object.values<ClaimCredentials>(users).map(({ current }) => current.secretName)
    : keptBefore(claim).map(({ name }) => name);

function noteOn<R extends ProvidedClaim>(
  scope: StepScope<R>,
  name: string,
  notes: Readonly<Record<string, string>>,
): Outcome<undefined> {
  const secret = scope.get(Secret, name);
  const { annotations } = secret?.metadata ?? {};
  if (!secret || Object.entries(notes).every(([annotation, note]) => annotations?.[annotation] === note)) return done();
  scope.amend(Secret, secret, () => ({ patch: { metadata: { annotations: notes } } }));
  return waiting(Reason.Pending, `Secret ${name} is being annotated`);
}

const passwordStep = { name: 'Password' };

const ownerOf = ({ namespace, name }: Pick<StepScope, 'namespace' | 'name'>): string => `${namespace}/${name}`;

const droppedOf = (credentials: ClaimCredentials | undefined) => credentials?.dropped ?? [];

function usersOf<R extends ProvidedClaim, More extends string>(
  scope: StepScope<R>,
  service: string,
  { user, ...more }: ReturnType<ClaimDefinition<R, never, never, never, never, never, More>['users']>,
): Outcome<ClaimUsers<More>> {
  const users: Record<string, ClaimCredentials> = {};
  for (const [name, options] of Object.entries<NamedUser | undefined>({ user, ...more })) {
    if (!options) continue;
    const credentials = credentialsOf(scope, { main: user.base, ...options, service });
    if (credentials.state !== 'Done') return credentials;
    users[name] = credentials.output;
  }
  return done(users as unknown as ClaimUsers<More>);
}

function reachable<Server>(server: Outcome<Server>, provider: string): Server {
  if (server.state === 'Done') return server.output;
  throw new Refused(Reason.ServerUnreachable, `${provider}: ${server.message}`);
}
