// What it means that a status could not be written. One look at the live object tells, and only then is it taken.
import { isConflict, isInvalid, isNotFound, qualifiedName, type KubeObject, type Resource } from '@stackwright/kube';

/** The kind has no status subresource: what a graph finds can be told nowhere. */
export class NoStatusError extends Error {
  override readonly name = 'NoStatusError';

  constructor(resource: Resource, cause: unknown) {
    const kind = qualifiedName(resource);
    super(`${kind} has no status: its CustomResourceDefinition lacks "subresources: { status: {} }"`, { cause });
  }
}

/**
 * Whether the object is gone, or another one has its name by now: nothing is to be said of it. Rejects with what stood in the
 * way else; a conflict among it, since somebody may only have written first.
 */
export async function isGone(
  error: unknown,
  resource: Resource,
  uid: string | undefined,
  look: () => Promise<Readonly<KubeObject>>,
): Promise<boolean> {
  if (!isNotFound(error) && !isConflict(error) && !isAboutUid(error)) throw error;
  const live = await look().catch((failure: unknown) => {
    if (isNotFound(failure)) return undefined;
    throw failure;
  });
  if (!live || live.metadata?.uid !== uid) return true;
  throw isNotFound(error) ? new NoStatusError(resource, error) : error;
}

/** How servers say that the object of this name has another uid, unless they call it a conflict. */
function isAboutUid(error: unknown): boolean {
  return isInvalid(error) && (error.status?.details?.causes ?? []).some(({ field }) => field === 'metadata.uid');
}
