// Server-side apply of one object. By force, since what is ours is as we say; and therefore only ever to the object that was
// judged to be ours: what is missing is made and nothing taken over, what is there is changed and not another of its name.
import {
  ApiError,
  isAlreadyExists,
  isConflict,
  isInvalid,
  isNotFound,
  type ApplyTarget,
  type KubeObject,
} from '@stackwright/kube';
import { differences, valueAt } from '../evaluate/compare.js';
import { withHash, withValue } from '../evaluate/desired.js';
import { acceptedHashOf, type Write } from '../evaluate/writes.js';
import { keyOf, type WriteContext } from './context.js';
import { appliedBy } from './field-managers.js';
import { restoreLists } from './restore-lists.js';

type Apply = Write & { verb: 'apply' };

/** False: what is there is not what was judged. It is in the overlay now, to be judged anew. */
export async function applyTo(write: Apply, context: WriteContext): Promise<boolean> {
  const { resource, desired, hash, fingerprint, observed, how } = write;
  const { client, signal, fieldManager, metrics, overlay, upToDate, names } = context;
  const send = (object: KubeObject, only: ApplyTarget | undefined): Promise<KubeObject> => {
    metrics.wrote(resource, 'apply');
    const force = only !== 'Absent' && (how?.force ?? true);
    return client.apply(resource, object, { signal, fieldManager, force, ...(only ? { only } : {}) });
  };
  const made = (observed ? undefined : how?.atCreation?.object) ?? desired;
  let answer: KubeObject;
  try {
    if (observed) await leaveToOthers(write, context);
    answer = await send(withHash(made, names, hash), observed ? itself(observed) : 'Absent');
  } catch (error) {
    if (observed && how?.recreate && isInvalid(error) && (await mayBeMadeAnew(write, context))) {
      await removeToRemake(write, observed, context);
      return true;
    }
    if (isOfAnother(error, observed)) {
      await lookAgain(write, context, error);
      return false;
    }
    const isDrift = observed !== undefined && write.why === 'Drifted';
    if (!isDrift || !isInvalid(error) || !(await restoreLists(write, context))) throw error;
    // What was put back is applied, too, or nobody would know that it is.
    answer = await send(withHash(made, names, hash), itself(observed));
  }
  // The server put it in words of its own. They are written down, so that no later reconcile takes them for drift.
  if (differences(resource, desired, answer).length > 0) {
    const accepted = withHash(made, names, hash, acceptedHashOf(resource, desired, answer));
    answer = await send(accepted, itself(answer));
  } else if (answer.metadata?.annotations?.[names.annotation.desiredHash] === hash) {
    upToDate.add(answer, fingerprint);
  }
  overlay.wrote(resource, answer);
  return true;
}

function itself({ metadata }: Readonly<KubeObject>): { uid: string } | undefined {
  return metadata?.uid === undefined ? undefined : { uid: metadata.uid };
}

/** Whether it was refused because of what there is under the name. */
function isOfAnother(error: unknown, observed: Readonly<KubeObject> | undefined): boolean {
  if (!(error instanceof ApiError)) return false;
  const causes = error.status?.details?.causes ?? [];
  if (isConflict(error)) return causes.every(({ reason }) => reason !== 'FieldManagerConflict');
  return observed !== undefined && isInvalid(error) && causes.some(({ field }) => field === 'metadata.uid');
}

async function lookAgain({ resource, observed, ...of }: Apply, context: WriteContext, refusal: unknown): Promise<void> {
  const { client, overlay, signal } = context;
  try {
    const live = await client.get(resource, keyOf(of), { signal });
    if (live.metadata?.uid === observed?.metadata?.uid) throw refusal;
    if (observed) overlay.deleted(observed);
    else context.hidden(resource, keyOf(of));
    overlay.wrote(resource, live);
  } catch (error) {
    // Nothing there, and it was refused as if there were: something else is in the way.
    if (!isNotFound(error) || !observed) throw isNotFound(error) ? refusal : error;
    overlay.deleted(observed);
  }
}

/**
 * Fields that were set when the object was made, and are others' since. Who applied a field and does so no more takes it away,
 * unless somebody else has applied it too: so these pass to a manager that never says another word about them.
 */
async function leaveToOthers({ resource, observed, how, ...of }: Apply, context: WriteContext): Promise<void> {
  const paths = how?.atCreation?.paths ?? [];
  if (paths.length === 0) return;
  const { client, signal, fieldManager } = context;
  const live = await client.get(resource, keyOf(of), { signal });
  const applied = live.metadata?.managedFields && appliedBy(live, fieldManager);
  const isOurs = (path: readonly string[]) =>
    !applied || applied.some((one) => one.slice(0, path.length).every((segment, at) => segment === path[at]));
  const kept = paths.filter((path) => valueAt(resource, live, path) !== undefined && isOurs(path));
  if (kept.length === 0) return;
  const { apiVersion, kind } = of.desired;
  const identity = { ...(apiVersion ? { apiVersion } : {}), ...(kind ? { kind } : {}), metadata: { ...keyOf(of) } };
  const object = kept.reduce<KubeObject>((all, path) => withValue(all, path, valueAt(resource, live, path)), identity);
  const only = observed && itself(observed);
  try {
    const options = { signal, fieldManager: atCreationManagerOf(fieldManager), ...(only ? { only } : {}) };
    await client.apply(resource, object, options);
  } catch (error) {
    // Somebody has set them otherwise meanwhile, and so they are theirs; or it is another object, which shows in a moment.
    if (!isConflict(error)) throw error;
  }
}

/** Who has the fields that were set when an object was made, and are others' since. */
function atCreationManagerOf(fieldManager: string): string {
  return `${fieldManager}-at-creation`;
}

/** Whether a new object may be as this one may not become. The server says so without making it: the name is taken. */
async function mayBeMadeAnew({ resource, desired, how }: Apply, context: WriteContext): Promise<boolean> {
  const { client, signal, fieldManager } = context;
  try {
    await client.create(resource, how?.atCreation?.object ?? desired, { signal, fieldManager, dryRun: true });
    return true;
  } catch (error) {
    signal.throwIfAborted();
    return isAlreadyExists(error);
  }
}

async function removeToRemake(write: Apply, observed: Readonly<KubeObject>, context: WriteContext): Promise<void> {
  const { client, signal, metrics, overlay } = context;
  const preconditions = itself(observed);
  metrics.wrote(write.resource, 'delete');
  try {
    await client.delete(write.resource, keyOf(write), {
      signal,
      propagationPolicy: 'Background',
      ...(preconditions ? { preconditions } : {}),
    });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  overlay.deleted(observed);
}
