// Carries writes out. Each is safe to repeat: a reconcile may die between any two of them, or before an answer.
import {
  apiVersionOf,
  isAlreadyExists,
  isNotFound,
  type Client,
  type KubeObject,
  type ObjectKey,
  type Resource,
} from '@stackwright/kube';
import type { Logger, Random } from '@stackwright/core';
import type { OwnAgreements } from '../evaluate/agreements.js';
import { differences } from '../evaluate/compare.js';
import { withHash } from '../evaluate/desired.js';
import { failureOf, type StepFailure } from '../status/failure.js';
import type { StepMetrics } from '../status/metrics.js';
import type { Overlay } from '../evaluate/overlay.js';
import { Annotation } from '../declare/names.js';
import { managersOf } from './field-managers.js';
import { formatPath } from '../evaluate/paths.js';
import type { Amendment } from '../declare/step.js';
import { acceptedHashOf, type Write } from '../evaluate/writes.js';

/** What the log says of a write. */
export interface WriteLine extends Pick<Write, 'step' | 'verb' | 'why'> {
  kind: string;
  child: string;
  /** What differed. */
  fields?: readonly string[];
  /** Who had changed it. */
  by?: readonly string[];
}

export interface WriteContext {
  client: Client;
  signal: AbortSignal;
  overlay: Overlay;
  namespace: string | undefined;
  fieldManager: string;
  random: Random;
  metrics: StepMetrics;
  log: Logger;
  agreements: OwnAgreements;
  /** Told of each write that was made. */
  wrote: (line: WriteLine) => void;
  /** Told of what somebody had changed, once it is set right; `managers` of the fields are empty where nobody knows. */
  repaired: (write: Write & { verb: 'apply' }, managers: readonly string[]) => void;
  /** Told of what was amended, where there is something to say about it. */
  amended: (event: NonNullable<Amendment['event']>) => void;
}

/** One after the other, up to the first that fails: a Deployment is not made without the Secret that it mounts. */
export async function carryOut(writes: readonly Write[], context: WriteContext): Promise<StepFailure | undefined> {
  for (const write of writes) {
    const isDrift = write.verb === 'apply' && write.why === 'Drifted';
    let managers: readonly string[] = [];
    try {
      // Before it is set right: then the fields are ours again.
      if (isDrift) managers = await whoChanged(write, context);
      await execute(write, context);
    } catch (error) {
      context.signal.throwIfAborted();
      const { resource, name } = write;
      const namespace = context.namespace === undefined ? {} : { namespace: context.namespace };
      return failureOf(error, `Could not ${write.verb} ${resource.kind} ${name}`, {
        apiVersion: apiVersionOf(resource),
        kind: resource.kind,
        name,
        ...namespace,
      });
    }
    const { verb, why, resource, name, step } = write;
    const line: WriteLine = { step, verb, why, kind: resource.kind, child: name };
    if (verb === 'apply' && write.fields.length > 0) line.fields = write.fields.map(formatPath);
    if (managers.length > 0) line.by = managers;
    context.wrote(line);
    if (isDrift) context.repaired(write, managers);
  }
  return undefined;
}

/**
 * The other managers of the fields that are not as we applied them. One call, and only where there is drift: caches do not
 * keep who owns what. Whoever takes a field away leaves no trace; and not knowing is no reason not to repair.
 */
async function whoChanged(write: Write & { verb: 'apply' }, context: WriteContext): Promise<readonly string[]> {
  try {
    const { signal, fieldManager } = context;
    const live = await context.client.get(write.resource, keyOf(write, context), { signal });
    const managers = new Set(write.fields.flatMap((path) => managersOf(live, path)));
    managers.delete(fieldManager);
    return [...managers];
  } catch {
    context.signal.throwIfAborted();
    return [];
  }
}

function execute(write: Write, context: WriteContext): Promise<void> {
  switch (write.verb) {
    case 'apply':
      return apply(write, context);
    case 'create':
      return createOnce(write.resource, keyOf(write, context), write.make, context);
    case 'delete':
      return remove(write, context);
    case 'release':
      return release(write, context);
    case 'amend':
      return amend(write, context);
  }
}

async function apply(
  { resource, desired, hash, fingerprint }: Write & { verb: 'apply' },
  { client, signal, fieldManager, metrics, overlay, agreements }: WriteContext,
): Promise<void> {
  const send = (object: KubeObject): Promise<KubeObject> => {
    metrics.wrote(resource, 'apply');
    return client.apply(resource, object, { signal, fieldManager, force: true });
  };
  let answer = await send(withHash(desired, hash));
  // The server put it in words of its own. They are written down, so that no later reconcile takes them for drift.
  if (differences(resource, desired, answer).length > 0) {
    answer = await send(withHash(desired, hash, acceptedHashOf(resource, desired, answer)));
  } else if (answer.metadata?.annotations?.[Annotation.desiredHash] === hash) {
    agreements.add(answer, fingerprint);
  }
  overlay.wrote(resource, answer);
}

async function createOnce(
  resource: Resource,
  key: ObjectKey,
  make: (random: Random) => KubeObject,
  context: WriteContext,
): Promise<void> {
  const { client, signal, fieldManager } = context;
  context.metrics.wrote(resource, 'create');
  try {
    context.overlay.wrote(resource, await client.create(resource, make(context.random), { signal, fieldManager }));
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    // It was there before the cache knew: whatever it holds, it stays.
    context.overlay.wrote(resource, await client.get(resource, key, { signal }));
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
    await context.client.delete(resource, keyOf(write, context), {
      signal: context.signal,
      preconditions,
      propagationPolicy: 'Background',
    });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  context.overlay.deleted(observed);
}

async function release(write: Write & { verb: 'release' }, context: WriteContext): Promise<void> {
  const { resource, observed, owner } = write;
  // Lists are replaced whole: only in the state in which it was observed.
  const ownerReferences = (observed.metadata?.ownerReferences ?? []).filter((reference) => reference.uid !== owner);
  await patchAsObserved(resource, observed, { metadata: { ownerReferences } }, write, context);
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
  const key = keyOf(write, context);
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

function keyOf({ name, resource }: Pick<Write, 'name' | 'resource'>, { namespace }: WriteContext): ObjectKey {
  return resource.namespaced && namespace !== undefined ? { namespace, name } : { name };
}
