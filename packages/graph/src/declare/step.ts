// The step graph. A step is a pure function from what was observed to the objects that it wants and whether
// it is done. The engine does the rest: order, server-side apply, prune, conditions, events, metrics, retries.
import type { KubeObject, ObjectMeta, Resource } from '@stackwright/kube';
import type { Clock, EventDetails, Random, ReadListOptions } from '@stackwright/core';
import type { Names } from './names.js';
import type { StepRuntime } from './runtime.js';

/** The resource that a graph reconciles: any with a status that holds conditions. */
export interface Reconciled extends KubeObject {
  spec: object;
  status?: object;
}

/** Names another object, for `waitingFor` in status and for `stackwright why`. */
export interface ObjectReference {
  apiVersion: string;
  kind: string;
  name: string;
  namespace?: string;
}

/** What a step says of itself. It becomes the condition `<step name>Ready`. */
export type Outcome<Out> =
  /**
   * `after`: milliseconds after which the step wants to be asked again although nothing has changed; less than a second counts
   * as one, here and below. `warning`: something beside the point is wrong; it is in the condition, which is True all the same,
   * in that of `Ready`, and told as an event.
   */
  | ({ state: 'Done'; output: Out; after?: number; warning?: StepWarning } & ServingNow)
  /** Not done and nothing is wrong: something else has to happen first. */
  | ({
      state: 'Waiting';
      reason: string;
      message: string;
      on?: ObjectReference;
      after?: number;
      /** It waits for a change of what runs, which goes on meanwhile: as long as the object is available, it stays Ready. */
      changing?: boolean;
    } & ServingNow)
  /** Something is wrong. `retryAfter` in milliseconds when trying again by itself may help (default: back-off). */
  | ({ state: 'Failed'; reason: string; message: string; on?: ObjectReference; retryAfter?: number } & ServingNow);

/** Of a step that says whether the object is available (`available` of the graph). */
interface ServingNow {
  /** What is there does its work, whatever is still wanted or wrong. Default: only a step that is Done serves. */
  serves?: true;
}

/** A reason that stands in a condition which is True. No secrets. */
export interface StepWarning {
  reason: string;
  message: string;
}

type MoreOfDone = Pick<Outcome<unknown> & { state: 'Done' }, 'after' | 'warning' | 'serves'>;

export function done(): Outcome<undefined>;
export function done<Out>(output: Out, more?: MoreOfDone): Outcome<Out>;
export function done(output?: unknown, more: MoreOfDone = {}): Outcome<unknown> {
  return { state: 'Done', output, ...more };
}

export function waiting(
  reason: string,
  message: string,
  more: { on?: ObjectReference; after?: number; changing?: boolean } & ServingNow = {},
): Outcome<never> {
  return { state: 'Waiting', reason, message, ...more };
}

export function failed(
  reason: string,
  message: string,
  more: { on?: ObjectReference; retryAfter?: number } & ServingNow = {},
): Outcome<never> {
  return { state: 'Failed', reason, message, ...more };
}

/** A handle of a step: its name, and the type of what it gives to the steps after it. */
export interface StepHandle<out Out = unknown> {
  readonly name: string;
  /** Carries `Out`; never present at run time. */
  readonly _output?: Out;
}

/** What an owner wants of an object: name and the fields it owns. Namespace, ownerReference and labels are the engine's. */
export type Desired<T extends KubeObject> = Omit<T, 'apiVersion' | 'kind' | 'metadata' | 'status'> & {
  metadata: Pick<ObjectMeta, 'labels' | 'annotations'> & { name: string };
};

/** A change of an object: what it is made of, and what is said about it. */
export interface Amendment {
  /** A JSON merge patch (RFC 7386): `{ data: { old: null, new: '…' } }`. */
  patch: object;
  /** Told about the reconciled object once the change is made. No secrets. */
  event?: Pick<EventDetails, 'reason' | 'note'>;
}

export interface WantOptions {
  /**
   * The object holds data (a volume, a password, a key): it gets no ownerReference, is never pruned, and outlives its
   * owner unless the owner's deletion policy is Delete. Default false.
   */
  retain?: boolean;
  /** Where it is; needed where the owner is in no namespace, and refused elsewhere: children are where their owner is. */
  namespace?: string;
}

export interface OwnOptions extends WantOptions {
  /**
   * Take fields over from who has set them. Default true: what we own is as we say. With false a field that somebody else
   * has set otherwise fails the step (`Conflict`), and nothing of the object is changed.
   */
  force?: boolean;
  /**
   * Fields that are set when the object is made, and are then somebody else's: `spec.replicas` beside an autoscaler. Names
   * separated by dots, or as a list where one has a dot in it; nothing within lists. Default: none.
   */
  atCreation?: readonly (string | readonly string[])[];
  /**
   * Where a change is refused that a new object might be made with (a field that cannot be changed): delete the object,
   * and make it anew. Default false. `WithData` says that this is meant where data may be lost: for what is retained, for
   * claims of volumes, and for StatefulSets whose claims are deleted with them. For these, true is refused.
   */
  recreate?: boolean | 'WithData';
  /**
   * Names of objects of the reconciled one's kind, in its namespace, that hand their children over: what carries the mark of one of
   * them is taken over as it is, and gets ours. For an object that takes the place of another one. Default: none.
   */
  from?: readonly string[];
  /**
   * Says what the API server had against the object in words for whoever edits the reconciled one: which of its fields is
   * meant. Default: as the server says it.
   */
  refusal?: (message: string) => string;
}

/** Where an object is of which only the name is known. */
export interface Where {
  /** Default: where the reconciled object is. For kinds in a namespace, needed where that is in none, and refused elsewhere. */
  namespace?: string;
}

/**
 * What a step sees and says while it is evaluated. `Owned` and `Read` are the kinds that it has declared: others are refused by
 * the compiler, and by the engine where the compiler was not told.
 */
export interface StepScope<
  R extends Reconciled = Reconciled,
  Owned extends Resource = Resource,
  Read extends Resource = Resource,
> {
  /** The object that is reconciled. */
  readonly object: Readonly<R>;
  /** Its kind. */
  readonly resource: Resource<R>;
  /** The labels that every child carries: what selectors are made of, together with `app.kubernetes.io/component`. */
  readonly labels: Readonly<Record<string, string>>;
  readonly name: string;
  readonly namespace: string;
  readonly clock: Pick<Clock, 'now'>;
  /** What the engine's labels and annotations are called. */
  readonly names: Names;

  /**
   * Why Kubernetes could not make the Pods of a StatefulSet or Job that the step owns, as it said last (its Event FailedCreate):
   * a quota, a policy. Undefined where nobody has said so. It stays said for a while: ask only where Pods are lacking.
   */
  refusalOf(observed: Readonly<KubeObject>): string | undefined;

  /** What an earlier step gave; only steps named in `after` may be asked. */
  output<Out>(step: StepHandle<Out>): Out;

  /**
   * Reads the cache, in the object's namespace; of an object that is in none, `list` reads all namespaces by default. The
   * kind must be among the step's `owns` or `reads`.
   */
  get<T extends KubeObject>(
    resource: Resource<T> & Declared<T, Read>,
    name: string,
    where?: Where,
  ): Readonly<T> | undefined;
  list<T extends KubeObject>(
    resource: Resource<T> & Declared<T, Read>,
    options?: ReadListOptions,
  ): readonly Readonly<T>[];

  /**
   * Whether an object was made for the reconciled one, exactly: by the mark that the engine has put on it, and not by labels,
   * which anybody may copy. Whoever finds objects by labels asks this before deleting any.
   */
  isOwn<T extends KubeObject>(resource: Resource<T> & Declared<T, Read>, observed: Readonly<T>): boolean;

  /** Wants `desired` to exist as said (server-side apply). Returns it as last observed, or undefined before it exists. */
  own<T extends KubeObject>(
    resource: Resource<T> & Declared<T, Owned>,
    desired: Desired<T>,
    options?: OwnOptions,
  ): Readonly<T> | undefined;

  /**
   * Wants an object that is created once and then left as it is, whatever it holds: generated passwords and keys.
   * `make` is called only when it is created. Returns it as last observed.
   */
  ownOnce<T extends KubeObject>(
    resource: Resource<T> & Declared<T, Owned>,
    name: string,
    make: (random: Random) => Desired<T>,
    options?: WantOptions,
  ): Readonly<T> | undefined;

  /** Wants an object of its own to stay, as it is: it is not pruned, and not written. */
  keep<T extends KubeObject>(resource: Resource<T> & Declared<T, Owned>, observed: Readonly<T>): void;

  /**
   * Wants an object gone: a failed Job before its next attempt. Deleted only in the state in which it was observed (UID
   * and resourceVersion are preconditions), and only where it is the step's object's own: else the step fails (`Conflict`).
   * Wanting one of the same name in the same run makes it anew.
   */
  remove<T extends KubeObject>(resource: Resource<T> & Declared<T, Owned>, observed: Readonly<T>): void;

  /**
   * Wants a change of an object that was made once: keys that are rotated. It is made only in the state in which the
   * object was observed (UID and resourceVersion are preconditions), so that of two writers one looks again, and nothing
   * is lost. `make` is called only when it is made. The step has to see from the object that it is done.
   */
  amend<T extends KubeObject>(
    resource: Resource<T> & Declared<T, Owned>,
    observed: Readonly<T>,
    make: (random: Random) => Amendment,
  ): void;

  /**
   * Gives an object up that was made for this one: it stays as it is, and neither pruning nor deletion of this one touches
   * it any more. The step declares the kind in `owns`.
   */
  release<T extends KubeObject>(resource: Resource<T> & Declared<T, Owned>, observed: Readonly<T>): void;
}

export interface StepOptions {
  /** Steps that must be Done before this one is evaluated. */
  after?: readonly StepHandle[];
  /** Kinds that the step wants: watched by ownership, and in the controller's Role for writing. */
  owns?: readonly Resource[];
  /** What it owns is made by others for it, as the claims of a StatefulSet's volumes are: it makes none, and may not. Default false. */
  amends?: boolean;
  /** Kinds that it only reads: watched too, and in the Role for reading. */
  reads?: readonly ReadDeclaration[];
}

/**
 * How a change of an object that is only read finds the objects to reconcile. Default: every one in its namespace.
 * `parts`: those whose labels say that the changed object is a part of them (the Pods of a Deployment that is owned).
 */
export type ReadDeclaration =
  | Resource
  | { resource: Resource; parts: true }
  | { resource: Resource; map: (object: Readonly<KubeObject>) => readonly { namespace?: string; name: string }[] };

export interface Step<
  R extends Reconciled,
  Out,
  Owns extends readonly Resource[] = readonly Resource[],
  Reads extends readonly ReadDeclaration[] = readonly ReadDeclaration[],
> extends StepOptions {
  /** PascalCase; the condition is `<name>Ready`. */
  name: string;
  owns?: Owns;
  reads?: Reads;
  run(scope: StepScope<R, Owns[number], Owns[number] | KindRead<Reads[number]>>): Outcome<Out>;
  /**
   * What of a child follows the object also while the step cannot say what it wants, the number of Pods for instance: is given the
   * child as it was applied last, and gives it as it is to be until then. Pure. Default: as it was applied last.
   */
  meanwhile?(object: Readonly<R>, child: Readonly<KubeObject>): Readonly<KubeObject>;
}

type KindRead<Declaration> = Declaration extends { resource: infer Kind extends Resource }
  ? Kind
  : Declaration extends Resource
    ? Declaration
    : never;

/** Nothing (any type) where `Kinds` has the kind of `T`, or a kind of which the compiler knows nothing; else a type that no kind has. */
export type Declared<T extends KubeObject, Kinds extends Resource> = [Among<T, Kinds>] extends [never]
  ? { readonly undeclared: 'Name this kind in "owns" of the step, or in "reads" if it is only read' }
  : unknown;

type Among<T, Kinds> =
  Kinds extends Resource<infer U>
    ? (Equal<U, T> extends true ? true : Equal<U, KubeObject>) extends true
      ? true
      : never
    : never;

/** Identical, and not only of one shape: what a Secret has, a ConfigMap has almost too. */
type Equal<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false;

/**
 * A step outside Kubernetes (SQL, the Keystone API): `observe` looks, `diff` says purely what has to change (nothing:
 * done), `apply` does it, `remove` undoes it on deletion (then the object carries a finalizer). What they keep from one call to
 * the next (a token, a connection) is the controller's, by `runtime`, and never the graph's.
 */
export interface ExternalStep<R extends Reconciled, Observed, Change, Out> extends StepOptions {
  /** PascalCase; the condition is `<name>Ready`. */
  name: string;
  /** Waiting or Failed without looking outside, for instance while credentials are not there yet. */
  ready?(scope: StepScope<R>): Outcome<unknown>;
  observe(scope: StepScope<R>, signal: AbortSignal, runtime: StepRuntime): Promise<Observed>;
  diff(scope: StepScope<R>, observed: Observed): readonly Change[];
  /** In words, without secrets: for plans, logs and events. */
  describe(change: Change): string;
  /**
   * What is told as a warning when a change has been made, if anything: that something is made again which was lost. Asked with the
   * object as it was before. No secrets.
   */
  tells?(scope: StepScope<R>, change: Change): Pick<EventDetails, 'reason' | 'note'> | undefined;
  apply(scope: StepScope<R>, changes: readonly Change[], signal: AbortSignal, runtime: StepRuntime): Promise<void>;
  output(scope: StepScope<R>, observed: Observed): Out;
  /**
   * Must be safe to repeat, and must end even when the other side is gone for good. The outputs of steps that are not
   * Done cannot be asked for: read what is needed with `scope.get`.
   */
  remove?(scope: StepScope<R>, signal: AbortSignal, runtime: StepRuntime): Promise<void>;
  /**
   * When `remove` is called: on every deletion (default), or only where the object's deletion policy is Delete, because
   * what it removes is data.
   */
  removeOn?: 'Always' | 'DeletePolicy';
  /**
   * How an error of the other side reads as a condition. Default: reason Error and the error's message. With state Waiting
   * nothing is wrong with the step itself: what is named by `on` has to work first. It looks again all the same.
   */
  explain?(error: unknown): Explanation;
  /**
   * Milliseconds, above 0, after which a done step looks again for drift, and one that failed at the latest (or after two
   * minutes). Default 5 minutes. Until then it looks again only when what it read (object, cache, outputs) has changed. Where
   * nothing has, the step stays done until three looks in a row have failed, or two of a process that has seen none succeed; the
   * second comes after a second.
   */
  resync?: number;
  /** Milliseconds, above 0, that each of observe, apply and remove may take. Default 10 seconds. */
  timeout?: number;
}

export interface Explanation {
  /** Default Failed. */
  state?: 'Waiting' | 'Failed';
  reason: string;
  message: string;
  on?: ObjectReference;
}

export interface StatusScope<R extends Reconciled> extends Pick<
  StepScope<R>,
  'object' | 'name' | 'namespace' | 'get' | 'list'
> {
  output<Out>(step: StepHandle<Out>): Out | undefined;
}

export interface GraphBuilder<R extends Reconciled> {
  step<
    Out,
    const Owns extends readonly Resource[] = readonly [],
    const Reads extends readonly ReadDeclaration[] = readonly [],
  >(
    step: Step<R, Out, Owns, Reads>,
  ): StepHandle<Out>;
  external<Observed, Change, Out>(step: ExternalStep<R, Observed, Change, Out>): StepHandle<Out>;
  /**
   * What the object's status says besides conditions (`endpoint`, `release`): evaluated after the steps; `output` may ask any step
   * and gives undefined for one that is not Done. Fields that are left out or undefined are removed from status. Of several
   * declarations a later one counts.
   */
  status(fields: (scope: StatusScope<R>) => object): void;
  /**
   * Which steps say that the object does its work now: the condition `Available` is True when all of them are Done, or say that
   * they serve all the same (a rollout whose Pods before serve, see `rolloutOf`). They are asked also while steps before them are not, with what those gave last; nothing is written or changed for them then.
   */
  available(...steps: readonly StepHandle[]): void;
}
