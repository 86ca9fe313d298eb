// What was applied last to a child, as the server keeps it, and how the child is made again where it is gone.
import type { KubeObject, Resource } from '@stackwright/kube';
import type { Names } from '../declare/names.js';
import { appliedFields } from '../evaluate/applied-fields.js';
import { valueAt } from '../evaluate/compare.js';
import { withoutPaths, withValue } from '../evaluate/desired.js';
import { isNoteOf } from '../evaluate/hash.js';
import { asMadeAnew } from '../evaluate/made-anew.js';

export interface LastApplied {
  readonly desired: Readonly<KubeObject>;
  readonly made: Readonly<KubeObject>;
  /** As it was noted; empty where somebody has taken the note away. */
  readonly note: string;
  /** Absent: by force. */
  readonly force?: false;
}

/** Undefined where nobody keeps who has applied what. */
export function lastApplied(
  resource: Resource,
  live: Readonly<KubeObject>,
  fieldManager: string,
  names: Names,
): LastApplied | undefined {
  const { annotation } = names;
  const applied = appliedFields(live, [fieldManager]);
  if (!applied) return undefined;
  const noted = applied.metadata?.annotations ?? {};
  const paths = pathsAtCreation(noted[annotation.atCreation]);
  const desired = withoutPaths(applied, paths);
  const note = noted[annotation.desiredHash] ?? '';
  // What somebody has changed since is theirs: made again of what is left, it would lack that.
  const made = isWhole(desired, note, names)
    ? withLive(resource, applied, live, paths)
    : asMadeAnew(resource, live, names);
  return { desired, made, note, ...(noted[annotation.force] === 'false' ? { force: false } : {}) };
}

/** Whether nothing is missing of what was applied, and nothing said otherwise. */
function isWhole(desired: Readonly<KubeObject>, note: string, { annotation }: Names): boolean {
  const { desiredHash, acceptedHash } = annotation;
  return isNoteOf(
    note,
    [desiredHash, acceptedHash].reduce(
      (object, name) => withoutPaths(object, [['metadata', 'annotations', name]]),
      desired,
    ),
  );
}

/** With what others have set of it since it was made. */
function withLive(
  resource: Resource,
  object: Readonly<KubeObject>,
  live: Readonly<KubeObject>,
  paths: readonly (readonly string[])[],
): Readonly<KubeObject> {
  return paths.reduce((all, path) => {
    const value = valueAt(resource, live, path);
    return value === undefined ? all : withValue(all, path, value);
  }, object);
}

function pathsAtCreation(noted: string | undefined): readonly (readonly string[])[] {
  try {
    const paths = JSON.parse(noted ?? '[]') as unknown;
    return Array.isArray(paths) ? (paths as unknown[]).filter(isPath) : [];
  } catch {
    // Garbled by somebody.
    return [];
  }
}

function isPath(path: unknown): path is readonly string[] {
  return Array.isArray(path) && path.every((segment) => typeof segment === 'string');
}
