// Labels and annotations of the engine. They are part of the API: selectors and people rely on them. Those that are not
// Kubernetes' own begin with the domain of whose controllers these are.
import { createHash } from 'node:crypto';

/** Kubernetes' own. */
export const Label = {
  /** What it is: the owner's kind in lower case ("keystone"). */
  name: 'app.kubernetes.io/name',
  /** Whose it is: the owner's name, or what `labelValue` makes of it. */
  instance: 'app.kubernetes.io/instance',
  /** Its part in it: "api", "db-sync". */
  component: 'app.kubernetes.io/component',
  managedBy: 'app.kubernetes.io/managed-by',
} as const;

export interface GraphNaming {
  /** DNS name that labels and annotations begin with. Default "stackwright.dev". */
  domain?: string | undefined;
  /** Value of the label `app.kubernetes.io/managed-by`, and who manages in the mark of a child. Default "stackwright". */
  managedBy?: string | undefined;
}

/** What the engine calls what it writes on objects. */
export interface Names {
  readonly managedBy: string;
  readonly label: {
    /** "true" on what holds data and outlives its owner. */
    readonly retained: string;
  };
  readonly annotation: {
    /** Whose child the object is, exactly: see `markOf`. */
    readonly owner: string;
    /** The step that wants the object; deletion goes by it. */
    readonly step: string;
    /** Hash of what was last applied, so that fields that are no longer wanted are noticed. */
    readonly desiredHash: string;
    /** Hash of the form in which the server took it, where that differs from what was applied. */
    readonly acceptedHash: string;
    /** Fields of it that were set when it was made, and are others' since: paths, as JSON. */
    readonly atCreation: string;
    /** "false" on what is applied without force. */
    readonly force: string;
    /** On a Job: a number greater than that of every Job of its purpose before it. */
    readonly turn: string;
    /** On a Job: how often the same was tried before. */
    readonly attempt: string;
    /** "true" on a reconciled object: nothing is written for it, whatever happens. */
    readonly paused: string;
    /** "true" on an object that is being deleted: give up undoing what cannot be undone, and let it go. */
    readonly abandonCleanup: string;
  };
}

export function namesOf({ domain = 'stackwright.dev', managedBy = 'stackwright' }: GraphNaming = {}): Names {
  const own = (name: string) => `${domain}/${name}`;
  return Object.freeze({
    managedBy,
    label: { retained: own('retained') },
    annotation: {
      owner: own('owner'),
      step: own('step'),
      desiredHash: own('desired-hash'),
      acceptedHash: own('accepted-hash'),
      atCreation: own('at-creation'),
      force: own('force'),
      turn: own('turn'),
      attempt: own('attempt'),
      paused: own('paused'),
      abandonCleanup: own('abandon-cleanup'),
    },
  });
}

export const defaultNames = namesOf();

/** Annotations where nobody has said another domain. */
export const Annotation = defaultNames.annotation;

/** The labels that every child of an object carries. They preselect; whose it is, its mark says (see `markOf`). */
export function labelsOf(kind: string, name: string, { managedBy }: Names = defaultNames): Record<string, string> {
  return { [Label.name]: kind.toLowerCase(), [Label.instance]: labelValue(name), [Label.managedBy]: managedBy };
}

const longest = 63;

/** What versions that knew no mark made of a name: cut only, so that two may have the same. */
export function cutLabelValue(name: string): string {
  return name.slice(0, longest).replace(/[^a-z0-9]+$/, '');
}

/** A name as the value of a label, which has room for 63 characters: a longer one is cut, and ends in a hash of the whole. */
export function labelValue(name: string): string {
  if (name.length <= longest) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 10);
  return `${name.slice(0, longest - 1 - hash.length)}-${hash}`;
}
