// Carries writes out. Each is safe to repeat: a reconcile may die between any two of them, or before an answer.
import {
  apiVersionOf,
  isAlreadyExists,
  isNotFound,
  type KubeObject,
  type ObjectKey,
  type Resource,
} from '@stackwright/kube';
import type { Random } from '@stackwright/core';
import { EngineReason } from '../declare/reasons.js';
import { failureOf, isServerWell, together, type StepFailure } from '../status/failure.js';
import { managersOf } from './field-managers.js';
import { formatPath } from '../evaluate/paths.js';
import { applyTo } from './apply-object.js';
import { keyOf, type WriteContext, type WriteLine } from './context.js';
import type { Write } from '../evaluate/writes.js';

/**
 * One after the other, up to the first that fails: a Deployment is not made without the Secret that it mounts. Only what stands
 * alone keeps none of the others of its sort.
 */
export async function carryOut(writes: readonly Write[], context: WriteContext): Promise<StepFailure | undefined> {
  const failures: StepFailure[] = [];
  for (const write of writes) {
    const isAlone = standsAlone(write);
    if (failures.length > 0 && !isAlone) break;
    const failure = await carryOutOne(write, context);
    if (!failure) continue;
    failures.push(failure);
    if (!isAlone || !isServerWell(failure.error)) break;
  }
  return together(failures);
}

/** Of what goes, and of what is put back while its step does not say what it wants, nothing builds on the one before. */
function standsAlone(write: Write): boolean {
  return write.verb === 'delete' || (write.verb === 'apply' && write.isHeld === true);
}

async function carryOutOne(write: Write, context: WriteContext): Promise<StepFailure | undefined> {
  const isDrift = write.verb === 'apply' && write.why === 'Drifted';
  let managers: readonly string[] = [];
  try {
    // Before it is set right: then the fields are ours again.
    if (isDrift) managers = await whoChanged(write, context);
    if (!(await execute(write, context))) return undefined;
  } catch (error) {
    context.signal.throwIfAborted();
    const { resource, name } = write;
    const namespace = write.namespace === undefined ? {} : { namespace: write.namespace };
    const failure = failureOf(error, `Could not ${write.verb} ${resource.kind} ${name}`, {
      apiVersion: apiVersionOf(resource),
      kind: resource.kind,
      name,
      ...namespace,
    });
    const { refusal = (message: string) => message } = write.verb === 'apply' ? write : {};
    return failure.reason === EngineReason.Rejected ? { ...failure, message: refusal(failure.message) } : failure;
  }
  const { verb, why, resource, name, step } = write;
  const line: WriteLine = { step, verb, why, kind: resource.kind, child: name };
  if (verb === 'apply' && write.fields.length > 0) line.fields = write.fields.map(formatPath);
  if (managers.length > 0) line.by = managers;
  context.wrote(write, line);
  if (isDrift) context.repaired(write, managers);
  return undefined;
}

/**
 * The other managers of the fields that are not as we applied them. One call, and only where there is drift: caches do not
 * keep who owns what. Whoever takes a field away leaves no trace; and not knowing is no reason not to repair.
 */
async function whoChanged(write: Write & { verb: 'apply' }, context: WriteContext): Promise<readonly string[]> {
  try {
    const { signal, fieldManager } = context;
    const live = await context.client.get(write.resource, keyOf(write), { signal });
    const managers = new Set(write.fields.flatMap((path) => managersOf(live, path)));
    managers.delete(fieldManager);
    return [...managers];
  } catch {
    context.signal.throwIfAborted();
    return [];
  }
}

/** Whether anything was written: what is there may turn out to be another object than the one that was judged. */
async function execute(write: Write, context: WriteContext): Promise<boolean> {
  switch (write.verb) {
    case 'apply':
      return applyTo(write, context);
    case 'create':
      return createOnce(write.resource, keyOf(write), write.make, context);
    case 'delete':
      await remove(write, context);
      return true;
    case 'mark':
      await mark(write, context);
      return true;
    case 'release':
      await release(write, context);
      return true;
    case 'amend':
      await amend(write, context);
      return true;
  }
}

async function createOnce(
  resource: Resource,
  key: ObjectKey,
  make: (random: Random) => KubeObject,
  context: WriteContext,
): Promise<boolean> {
  const { client, signal, fieldManager } = context;
  context.metrics.wrote(resource, 'create');
  try {
    context.overlay.wrote(resource, await client.create(resource, make(context.random), { signal, fieldManager }));
    return true;
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    // It was there before the cache knew: whatever it holds, it stays.
    context.overlay.wrote(resource, await client.get(resource, key, { signal }));
    context.hidden(resource, key);
    return false;
  }
}

async function remove(write: Write & { verb: 'delete' }, context: WriteContext): Promise<void> {
  const { resource, observed } = write;
  const { uid, resourceVersion } = observed.metadata ?? {};
  const preconditions = {
    ...(uid === undefined ? {} : { uid }),
    // What a step judged must still be so; what nobody wants may have changed in whatever way.
    ...(write.why === 'Removed' && resourceVersion !== undefined ? { resourceVersion } : {}),
  };
  context.metrics.wrote(resource, 'delete');
  try {
    await context.client.delete(resource, keyOf(write), {
      signal: context.signal,
      preconditions,
      propagationPolicy: 'Background',
    });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  context.overlay.deleted(observed);
}

async function mark(write: Write & { verb: 'mark' }, context: WriteContext): Promise<void> {
  await patchAsObserved(write.resource, write.observed, { metadata: write.mark }, write, context);
}

async function release(write: Write & { verb: 'release' }, context: WriteContext): Promise<void> {
  const { resource, observed, owner } = write;
  const { annotation, label } = context.names;
  const before = observed.metadata?.ownerReferences;
  const metadata = {
    // Lists are replaced whole: only in the state in which it was observed.
    ...(before ? { ownerReferences: before.filter((reference) => reference.uid !== owner) } : {}),
    annotations: { [annotation.owner]: null, [annotation.step]: null },
    ...(observed.metadata?.labels?.[label.retained] === undefined ? {} : { labels: { [label.retained]: null } }),
  };
  await patchAsObserved(resource, observed, { metadata }, write, context);
}

/** A conflict where the object is not what it was, or not as it was. */
async function patchAsObserved(
  resource: Resource,
  { metadata }: Readonly<KubeObject>,
  patch: object,
  write: Write,
  context: WriteContext,
): Promise<void> {
  const { uid, resourceVersion } = metadata ?? {};
  const body = { ...patch, metadata: { ...(patch as Partial<KubeObject>).metadata, uid, resourceVersion } };
  const { signal, fieldManager } = context;
  context.metrics.wrote(resource, 'patch');
  const key = keyOf(write);
  context.overlay.wrote(
    resource,
    await context.client.patch(resource, key, { type: 'merge', body }, { signal, fieldManager }),
  );
}

async function amend(write: Write & { verb: 'amend' }, context: WriteContext): Promise<void> {
  const { resource, observed, make } = write;
  const { patch, event } = make(context.random);
  await patchAsObserved(resource, observed, patch, write, context);
  if (event) context.amended(event);
}
