// A graph is declared once and checked when it is built: names, order, cycles. What is wrong with it is found by the
// first test that imports it, not by the first object that runs into it.
import type { KubeObject, Resource } from '@stackwright/kube';
import { apiVersionOf, qualifiedName } from '@stackwright/kube';
import type {
  ExternalStep,
  GraphBuilder,
  ReadDeclaration,
  Reconciled,
  StatusScope,
  Step,
  StepHandle,
  StepOptions,
} from './step.js';

/** A step as the engine sees it: without its type parameters, with its defaults. */
export type GraphStep<R extends Reconciled> = Required<StepOptions> & { readonly name: string } & (
    | { readonly external: false; readonly definition: Step<R, unknown> }
    | { readonly external: true; readonly definition: ExternalStep<R, unknown, unknown, unknown> }
  );

/** The steps of one object, in an order in which each comes after all that it waits for. */
export interface BuiltGraph<R extends Reconciled> {
  readonly steps: readonly GraphStep<R>[];
  /** Names of those that say whether the object is available. Empty: nothing says so. */
  readonly available: readonly string[];
  /** What they declare of the object's status. */
  status(scope: StatusScope<R>): object;
}

export type DeletionPolicy = 'Retain' | 'Delete';

export interface GraphOptions<R extends Reconciled> {
  /** As `status` of the builder, which has the steps at hand; where both say a field, this one counts. */
  status?(scope: StatusScope<R>): object;
  /** Whether data dies with the object. Default: `spec.deletionPolicy`, and Retain where there is none. */
  deletionPolicy?(object: Readonly<R>): DeletionPolicy;
  /** Whether its StatefulSets have claims of volumes: without, it needs no right to any. Default true. */
  volumes?: boolean;
  /** Default "<group>/cleanup". */
  finalizer?: string;
}

export interface ObjectGraphOptions<R extends Reconciled> extends GraphOptions<R> {
  /** All kinds that any graph of this sort may own or read; those that only appear later are watched from then on. */
  owns?: readonly Resource[];
  /** More of these, which others make and no graph of this sort does: see `amends` of a step. */
  amends?: readonly Resource[];
  reads?: readonly ReadDeclaration[];
  /** Objects whose graphs have between them every kind that any may own or read: named by these, nobody has to list them. */
  examples?: readonly Readonly<R>[];
}

export interface Graph<R extends Reconciled = Reconciled> {
  readonly resource: Resource<R>;
  /** Every kind that steps want. */
  readonly owns: readonly Resource[];
  /** Those of them that no step makes. */
  readonly amends?: readonly Resource[];
  /** Every kind that steps only read. */
  readonly reads: readonly ReadDeclaration[];
  readonly options: GraphOptions<R>;
  /** Steps may own more kinds than are named here: it is a function of the object. */
  readonly isOfObject?: true;
  /** The steps for an object: the same for all, unless the graph is a function of the object. */
  build(object: Readonly<R>): BuiltGraph<R>;
  /** Objects that between them have all steps, where a function of the object was declared with such. */
  readonly examples?: readonly Readonly<R>[];
}

/** A wrong declaration: always a mistake in code, never caused by an object. */
export class GraphError extends Error {
  override readonly name = 'GraphError';
}

/** Declares the graph of a resource whose steps are the same for every object. */
export function defineGraph<R extends Reconciled>(
  resource: Resource<R>,
  declare: (g: GraphBuilder<R>) => void,
  options: GraphOptions<R> = {},
): Graph<R> {
  const built = collect(resource, declare);
  return Object.freeze({ resource, options, build: () => built, ...kindsOf(built.steps) });
}

/**
 * Declares a graph whose steps depend on the object: a step per service that a control plane names. `declare` must be
 * pure; the kinds that it may use are named in the options, or by examples, since no object is there yet when watches are set up.
 */
export function defineObjectGraph<R extends Reconciled>(
  resource: Resource<R>,
  declare: (g: GraphBuilder<R>, object: Readonly<R>) => void,
  options: ObjectGraphOptions<R> = {},
): Graph<R> {
  const build = (object: Readonly<R>) => collect<R>(resource, (g) => declare(g, object));
  const { owns = [], amends = [], reads = [], examples = [] } = options;
  return Object.freeze({
    resource,
    options,
    isOfObject: true,
    ...kindsOf([
      { owns, reads },
      { owns: amends, amends: true },
      ...examples.flatMap((example) => build(example).steps),
    ]),
    build,
    ...(examples.length > 0 ? { examples } : {}),
  });
}

export function resourceOf(read: ReadDeclaration): Resource {
  return 'resource' in read ? read.resource : read;
}

export function isSameResource(one: Resource, other: Resource): boolean {
  return one === other || (one.group === other.group && one.version === other.version && one.plural === other.plural);
}

function collect<R extends Reconciled>(resource: Resource, declare: (g: GraphBuilder<R>) => void): BuiltGraph<R> {
  const where = `graph of ${qualifiedName(resource)}`;
  const steps = new Map<string, GraphStep<R>>();
  const add = (step: GraphStep<R>): StepHandle<never> => {
    if (!/^[A-Z][A-Za-z0-9]*$/.test(step.name))
      throw new GraphError(`${where}: the step name "${step.name}" is not PascalCase`);
    if (steps.has(step.name)) throw new GraphError(`${where}: two steps are called ${step.name}`);
    // The garbage collector would take such an ownerReference for that of an object that is gone.
    const wide = resource.namespaced ? step.owns.find((kind) => !kind.namespaced) : undefined;
    if (wide) throw new GraphError(`${where}: ${step.name} cannot own ${wide.kind}, which is in no namespace`);
    steps.set(step.name, step);
    return Object.freeze({ name: step.name });
  };
  const common = ({ after = [], owns = [], amends = false, reads = [] }: StepOptions) => ({
    after,
    owns,
    amends,
    reads,
  });
  const fields: ((scope: StatusScope<R>) => object)[] = [];
  const available = new Set<string>();
  declare({
    available: (...deciding) => deciding.forEach(({ name }) => available.add(name)),
    status: (more) => void fields.push(more),
    step: (step) => add({ ...common(step), name: step.name, external: false, definition: step }),
    external: <Observed, Change, Out>(step: ExternalStep<R, Observed, Change, Out>) => {
      for (const time of ['resync', 'timeout'] as const) {
        const milliseconds = step[time] ?? 1;
        if (milliseconds > 0) continue;
        throw new GraphError(`${where}: ${step.name} has a ${time} of ${milliseconds} ms: it has to be above 0`);
      }
      // What `observe` gave is only ever handed back to the same step, so its type may be forgotten here.
      return add({ ...common(step), name: step.name, external: true, definition: step });
    },
  });
  for (const name of available) {
    if (!steps.has(name))
      throw new GraphError(`${where}: ${name}, which is no step of it, says whether it is available`);
  }
  return {
    steps: inOrder(where, steps),
    available: [...available],
    status: (scope) => Object.assign({}, ...fields.map((more) => more(scope))) as object,
  };
}

/** Depth first in order of declaration, so that the order is stable and reads like the declaration. */
function inOrder<R extends Reconciled>(where: string, steps: ReadonlyMap<string, GraphStep<R>>): GraphStep<R>[] {
  const ordered: GraphStep<R>[] = [];
  const state = new Map<string, 'Visiting' | 'Visited'>();
  const visit = (step: GraphStep<R>, path: readonly string[]): void => {
    if (state.get(step.name) === 'Visited') return;
    const chain = [...path, step.name];
    if (state.get(step.name) === 'Visiting') {
      throw new GraphError(`${where}: steps wait for each other: ${chain.slice(chain.indexOf(step.name)).join(' → ')}`);
    }
    state.set(step.name, 'Visiting');
    for (const { name } of step.after) {
      const before = steps.get(name);
      if (!before) throw new GraphError(`${where}: ${step.name} comes after ${name}, which is no step of it`);
      visit(before, chain);
    }
    state.set(step.name, 'Visited');
    ordered.push(step);
  };
  for (const step of steps.values()) visit(step, []);
  return ordered;
}

function kindsOf(steps: readonly StepOptions[]): Pick<Graph, 'owns' | 'reads'> & Required<Pick<Graph, 'amends'>> {
  const owns: Resource<KubeObject>[] = [];
  const reads: ReadDeclaration[] = [];
  for (const step of steps) {
    for (const kind of step.owns ?? []) if (!owns.some((known) => isSameResource(known, kind))) owns.push(kind);
  }
  const makers = steps.filter(({ amends = false }) => !amends);
  const amends = owns.filter((kind) => !makers.some((step) => step.owns?.some((one) => isSameResource(one, kind))));
  for (const step of steps) {
    // Two declarations of one kind differ in how a change is mapped: both maps count.
    for (const read of step.reads ?? []) if (!reads.includes(read)) reads.push(read);
  }
  return { owns, amends, reads };
}

export function finalizerOf<R extends Reconciled>({ resource, options }: Graph<R>): string {
  return options.finalizer ?? `${resource.group || apiVersionOf(resource)}/cleanup`;
}

export function policyOf<R extends Reconciled>({ options }: Graph<R>, object: Readonly<R>): DeletionPolicy {
  if (options.deletionPolicy) return options.deletionPolicy(object);
  return (object.spec as { deletionPolicy?: DeletionPolicy }).deletionPolicy ?? 'Retain';
}

/** What the graph declares, and what the steps of this object say besides. */
export function allOwned<R extends Reconciled>(graph: Graph<R>, { steps }: BuiltGraph<R>): readonly Resource[] {
  const kinds = [...graph.owns];
  for (const kind of steps.flatMap((step) => step.owns)) {
    if (!kinds.some((known) => isSameResource(known, kind))) kinds.push(kind);
  }
  return kinds;
}
