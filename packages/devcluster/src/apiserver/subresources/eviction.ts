// pods/eviction: a deletion that asks the Pod's disruption budget first (`kubectl drain`).
import type { PodDisruptionBudget } from '@stackwright/kube';
import { matchesSelector, type ApiError, type Pod } from '@stackwright/kube';
import type { PodDisruptionBudgetStatus } from 'kubernetes-types/policy/v1.d.ts';
import { trackUpdate } from '../apply/managers.js';
import { timestamp, type ServerContext } from '../context.js';
import { badRequest, conflict, forbidden, methodNotAllowed, statusError, tooManyRequests } from '../errors.js';
import { at, clone, isObject, stringAt, type ApiObject } from '../json.js';
import { keyOfRequest, type DeleteOptions, type ResourceRequest, type ResourceResponse } from '../request.js';
import { remove } from '../verbs/delete.js';
import { load } from '../verbs/get.js';
import { managerOf } from '../verbs/manager.js';

const BUDGETS = 'policy/poddisruptionbudgets';
const REFUSED = "Cannot evict pod as it would violate the pod's disruption budget.";
/** Evictions that the disruption controller has not seen the end of; more of them mean that it does not work. */
const MOST_DISRUPTED = 2000;

type Budget = ApiObject & PodDisruptionBudget;

export async function evict(context: ServerContext, request: ResourceRequest): Promise<ResourceResponse> {
  if (request.verb !== 'create') throw methodNotAllowed();
  const options = optionsOf(request);
  const dryRun = request.parameters.dryRun || (options.dryRun?.length ?? 0) > 0;
  const pod = load(context, request) as ApiObject & Pod;
  // As on a real server: the budget is asked, and spends, before it is known whether it is the right Pod.
  if (!isOver(pod)) takeFromBudget(context, pod, dryRun);
  checkPreconditions(request, pod, options);
  if (!dryRun) announce(context, request);
  const { subresource: _, ...main } = request;
  await remove(context, {
    ...main,
    verb: 'delete',
    // The revision was compared above; announcing the eviction has changed it.
    body: { ...options, preconditions: { uid: pod.metadata.uid } },
    parameters: { ...request.parameters, ...(dryRun ? { dryRun } : {}) },
  });
  return {
    kind: 'object',
    code: 201,
    object: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 },
  };
}

type Options = DeleteOptions & { dryRun?: string[] };

function optionsOf({ body, name = '' }: ResourceRequest): Options {
  if (!isObject(body) || (body['kind'] !== undefined && body['kind'] !== 'Eviction'))
    throw badRequest('the body of the request is not an Eviction');
  if (stringAt(body, 'metadata', 'name') !== name)
    throw badRequest('name in URL does not match name in Eviction object');
  const options = at(body, 'deleteOptions');
  return isObject(options) ? options : {};
}

function checkPreconditions({ resource, name = '' }: ResourceRequest, { metadata }: Pod, options: Options): void {
  const { uid, resourceVersion } = options.preconditions ?? {};
  if (uid !== undefined && uid !== metadata?.uid) {
    throw conflict(
      resource,
      name,
      `the UID in the precondition (${uid}) does not match the UID in record (${metadata?.uid ?? ''}). The object might have been deleted and then recreated`,
    );
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata?.resourceVersion) {
    throw conflict(
      resource,
      name,
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata?.resourceVersion ?? ''}). The object might have been modified`,
    );
  }
}

/** Nobody relies on what is not up yet, or no more. */
const isOver = ({ metadata, status }: Pod): boolean =>
  metadata?.deletionTimestamp !== undefined || ['Pending', 'Succeeded', 'Failed'].includes(status?.phase ?? 'Pending');

const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false;

function takeFromBudget(context: ServerContext, pod: ApiObject & Pod, dryRun: boolean): void {
  const { store } = context;
  const { name = '', namespace = '', labels } = pod.metadata;
  const budgets = (store.list(BUDGETS, namespace) as Budget[]).filter(({ spec }) =>
    matchesSelector(spec?.selector, labels),
  );
  if (budgets.length > 1) {
    throw statusError(
      500,
      'InternalError',
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    );
  }
  const budget = budgets[0];
  if (!budget || (!isReady(pod) && mayLoseUnhealthy(budget))) return;
  const status = spent(budget, name, timestamp(context.now()));
  if (!dryRun)
    store.put(BUDGETS, `${namespace}/${budget.metadata.name ?? ''}`, { ...clone<ApiObject>(budget), status });
}

/** What is not ready protects nothing: it may go when enough others are, or always when the budget says so. */
function mayLoseUnhealthy({ spec, status }: Budget): boolean {
  if (spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  return status !== undefined && status.desiredHealthy > 0 && status.currentHealthy >= status.desiredHealthy;
}

/** The budget's status with one disruption less; throws when there is none left. */
function spent(budget: Budget, pod: string, now: string): PodDisruptionBudgetStatus {
  const { name = '', generation = 0 } = budget.metadata;
  const { status } = budget;
  if (!status || (status.observedGeneration ?? 0) < generation)
    throw refused(`The disruption budget ${name} is still being processed by the server.`, 10);
  if (Object.keys(status.disruptedPods ?? {}).length > MOST_DISRUPTED) {
    throw forbidden(
      { group: 'policy', plural: 'poddisruptionbudget' },
      name,
      'DisruptedPods map too big - too many evictions not confirmed by PDB controller',
    );
  }
  if (status.disruptionsAllowed <= 0) {
    throw refused(
      `The disruption budget ${name} needs ${status.desiredHealthy} healthy pods and has ${status.currentHealthy} currently`,
    );
  }
  const left = status.disruptionsAllowed - 1;
  return {
    ...clone(status),
    disruptionsAllowed: left,
    disruptedPods: { ...status.disruptedPods, [pod]: now },
    conditions: (status.conditions ?? []).map((condition) =>
      left === 0 && condition.type === 'DisruptionAllowed' && condition.status === 'True'
        ? { ...condition, status: 'False', reason: 'InsufficientPods', lastTransitionTime: now }
        : condition,
    ),
  };
}

/** As the real server: it says when to come again only if that depends on nothing but itself. */
function refused(message: string, retryAfter?: number): ApiError {
  const causes = [{ reason: 'DisruptionBudget', message }];
  return retryAfter === undefined
    ? statusError(429, 'TooManyRequests', REFUSED, { causes })
    : tooManyRequests(REFUSED, retryAfter, causes);
}

/** Says on the Pod why it ends, for whoever counts its failure (a Job's podFailurePolicy). */
function announce(context: ServerContext, request: ResourceRequest): void {
  const old = load(context, request) as ApiObject & Pod;
  if (old.metadata.deletionTimestamp !== undefined) return;
  const pod = clone<ApiObject & Pod>(old);
  const type = 'DisruptionTarget';
  const conditions = (pod.status?.conditions ?? []).filter((condition) => condition.type !== type);
  conditions.push({
    type,
    status: 'True',
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
    lastTransitionTime: timestamp(context.now()),
  });
  (pod as ApiObject)['status'] = { ...pod.status, conditions };
  trackUpdate(request.resource, old, pod, managerOf(context, { ...request, subresource: 'status' }));
  context.store.put(request.resource.storage, keyOfRequest(request), pod);
}
