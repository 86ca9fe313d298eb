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
  /** Of the objects whose status was looked through: what comes into it later, and was not said here, others have put there. */
  readonly #known = new Set<string>();

  constructor(fieldManager: string) {
    this.#fieldManager = fieldManager;
  }

  get size(): number {
    return this.#known.size;
  }

  forget(uid: string): void {
    this.#known.delete(uid);
  }

  /** What is in the object's status is what this graph says, and what is others'. */
  settled({ metadata }: Readonly<KubeObject>): void {
    this.#known.add(metadata?.uid ?? '');
  }

  wrote(parts: Iterable<Part>): void {
    for (const part of parts) this.#ours.add(part);
  }

  /**
   * Of `parts`, which are in the object's status and of which nothing is to be said any more: those that are others'. What was
   * there before this process was may be of one before it: then the live object's managedFields tell.
   */
  async othersOf(
    { metadata, status }: Readonly<KubeObject & { status?: object }>,
    parts: readonly Part[],
    look: () => Promise<Readonly<KubeObject>>,
  ): Promise<ReadonlySet<Part>> {
    const left = parts.filter((part) => !this.#ours.has(part));
    if (this.#known.has(metadata?.uid ?? '') || !left.some(mayBeOurs)) return new Set(left);
    const written = writtenBy(await look(), this.#fieldManager);
    const { conditions } = (status ?? {}) as { conditions?: readonly Condition[] };
    const looksOurs = (part: Part) =>
      conditions?.some((condition) => conditionPart(condition.type) === part && isLikeOurs(condition)) ?? false;
    return new Set(left.filter((part) => !mayBeOurs(part) || !(written(part) ?? looksOurs(part))));
  }
}

/** Conditions of steps are called so; all others are others'. */
function mayBeOurs(part: Part): boolean {
  return !part.startsWith('conditions[') || part.endsWith('Ready]') || part === conditionPart('Available');
}

/** Undefined where managedFields do not tell: there are none, or conditions are one list to the API, which its last writer owns. */
function writtenBy({ metadata }: Readonly<KubeObject>, manager: string): (part: Part) => boolean | undefined {
  const { managedFields = [] } = metadata ?? {};
  const all = managedFields.map((entry) => ({
    isOurs: entry.manager === manager,
    status: ((entry.fieldsV1 ?? {}) as Fields)['f:status'],
  }));
  const fieldsOf = (entries: typeof all) => entries.map(({ status }) => status).filter(isFields);
  const listsOf = (entries: typeof all) => fieldsOf(entries).map((fields) => fields['f:conditions']);
  const ours = all.filter(({ isOurs }) => isOurs);
  const isOneList = listsOf(all).some((keys) => isFields(keys) && Object.keys(keys).length === 0);
  return (part) => {
    if (managedFields.length === 0) return undefined;
    const type = /^conditions\[(.*)\]$/.exec(part)?.[1];
    if (type === undefined) return fieldsOf(ours).some((fields) => `f:${part}` in fields);
    if (isOneList) return undefined;
    return listsOf(ours).some((keys) => isFields(keys) && `k:${JSON.stringify({ type })}` in keys);
  };
}

function isLikeOurs({ type, reason, observedGeneration }: Condition): boolean {
  return mayBeOurs(conditionPart(type)) && observedGeneration !== undefined && reasons.has(reason);
}
