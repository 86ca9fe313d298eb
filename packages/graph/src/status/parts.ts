// Whose the parts of a status are. It is written by whoever has something to say of an object: the engine takes away only what
// it has written itself, and everything else stays.
import type { Condition, KubeObject } from '@stackwright/kube';
import { EngineReason } from '../declare/reasons.js';
import { isFields, type Fields } from '../evaluate/compare.js';

/** A field of the status, or a condition: "endpoint", "conditions[BackupReady]". */
export type Part = string;

export const conditionPart = (type: string): Part => `conditions[${type}]`;

const reasons: ReadonlySet<string> = new Set(Object.values(EngineReason));

export class StatusParts {
  readonly #fieldManager: string;
  /** What this graph has written of any object. */
  readonly #ours = new Set<Part>();
  /** What others have written, by uid. */
  readonly #theirs = new Map<string, Set<Part>>();

  constructor(fieldManager: string) {
    this.#fieldManager = fieldManager;
  }

  get size(): number {
    return this.#theirs.size;
  }

  forget(uid: string): void {
    this.#theirs.delete(uid);
  }

  wrote(parts: Iterable<Part>): void {
    for (const part of parts) this.#ours.add(part);
  }

  /**
   * Of `parts`, which are in the object's status and of which nothing is to be said any more: those that are others'. Where
   * this process does not know, the live object's managedFields do: one look, once for each object.
   */
  async othersOf(
    { metadata, status }: Readonly<KubeObject & { status?: object }>,
    parts: readonly Part[],
    look: () => Promise<Readonly<KubeObject>>,
  ): Promise<ReadonlySet<Part>> {
    const left = parts.filter((part) => !this.#ours.has(part));
    if (left.length === 0) return new Set();
    const uid = metadata?.uid ?? '';
    const theirs = this.#theirs.get(uid) ?? new Set<Part>();
    const unknown = left.filter((part) => !theirs.has(part));
    if (unknown.some(mayBeOurs)) {
      const written = writtenBy(await look(), this.#fieldManager);
      const { conditions } = (status ?? {}) as { conditions?: readonly Condition[] };
      const looksOurs = (part: Part) =>
        conditions?.some((condition) => conditionPart(condition.type) === part && isLikeOurs(condition)) ?? false;
      for (const part of unknown) if (written(part) ?? looksOurs(part)) this.#ours.add(part);
    }
    for (const part of unknown) if (!this.#ours.has(part)) theirs.add(part);
    if (theirs.size > 0) this.#theirs.set(uid, theirs);
    return new Set(left.filter((part) => theirs.has(part)));
  }
}

/** Conditions of steps are called so; all others are others'. */
function mayBeOurs(part: Part): boolean {
  return !part.startsWith('conditions[') || part.endsWith('Ready]');
}

/** Undefined where managedFields do not tell: there are none, or conditions are one list to the API, which its last writer owns. */
function writtenBy({ metadata }: Readonly<KubeObject>, manager: string): (part: Part) => boolean | undefined {
  const { managedFields = [] } = metadata ?? {};
  const statuses = managedFields
    .filter((entry) => entry.manager === manager)
    .map(({ fieldsV1 }) => ((fieldsV1 ?? {}) as Fields)['f:status'])
    .filter(isFields);
  return (part) => {
    if (managedFields.length === 0) return undefined;
    const type = /^conditions\[(.*)\]$/.exec(part)?.[1];
    if (type === undefined) return statuses.some((fields) => `f:${part}` in fields);
    const lists = statuses.map((fields) => fields['f:conditions']).filter(isFields);
    if (lists.some((keys) => Object.keys(keys).length === 0)) return undefined;
    return lists.some((keys) => `k:${JSON.stringify({ type })}` in keys);
  };
}

function isLikeOurs({ type, reason, observedGeneration }: Condition): boolean {
  return type.endsWith('Ready') && observedGeneration !== undefined && reasons.has(reason);
}
