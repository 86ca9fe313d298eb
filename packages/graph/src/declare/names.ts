// Labels and annotations of the engine. They are part of the API: selectors and people rely on them.

export const Label = {
  /** What it is: the owner's kind in lower case ("keystone"). */
  name: 'app.kubernetes.io/name',
  /** Whose it is: the owner's name. */
  instance: 'app.kubernetes.io/instance',
  /** Its part in it: "api", "db-sync". */
  component: 'app.kubernetes.io/component',
  managedBy: 'app.kubernetes.io/managed-by',
  /** "true" on what holds data and outlives its owner. */
  retained: 'stackwright.dev/retained',
} as const;

export const managedBy = 'stackwright';

export const Annotation = {
  /** The step that wants the object; deletion goes by it. */
  step: 'stackwright.dev/step',
  /** Hash of what was last applied, so that fields that are no longer wanted are noticed. */
  desiredHash: 'stackwright.dev/desired-hash',
  /** Hash of the form in which the server took it, where that differs from what was applied. */
  acceptedHash: 'stackwright.dev/accepted-hash',
  /** On a Job: a number greater than that of every Job of its purpose before it. */
  turn: 'stackwright.dev/turn',
  /** On a Job: how often the same was tried before. */
  attempt: 'stackwright.dev/attempt',
  /** "true" on a reconciled object: nothing is written for it, whatever happens. */
  paused: 'stackwright.dev/paused',
  /** "true" on an object that is being deleted: give up undoing what cannot be undone, and let it go. */
  abandonCleanup: 'stackwright.dev/abandon-cleanup',
} as const;

/** The labels that every child of an object carries. */
export function labelsOf(kind: string, name: string): Record<string, string> {
  return { [Label.name]: kind.toLowerCase(), [Label.instance]: labelValue(name), [Label.managedBy]: managedBy };
}

/** Names may be longer than the 63 characters of a label's value. */
export function labelValue(name: string): string {
  return name.length <= 63 ? name : name.slice(0, 63).replace(/[^a-z0-9]+$/, '');
}
