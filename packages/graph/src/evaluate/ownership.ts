// Whether an object is one's own: judged before it is adopted, pruned or deleted.
import { isBeingDeleted, ownerRequests } from '@stackwright/core';
import { controllerOf, type KubeObject, type ObjectMeta, type Resource } from '@stackwright/kube';
import { EngineReason } from '../declare/reasons.js';
import { identityOf, isSameIdentity, markOf, parseMark, speaksOf, type Identity } from '../declare/mark.js';
import { cutLabelValue, Label, labelsOf, type Names } from '../declare/names.js';
import { failed, waiting, type Outcome, type Reconciled } from '../declare/step.js';
import { referenceTo } from './reference.js';

/**
 * What the mark of an object says: it was made for this owner; for another one, or by another manager; it is no mark of this
 * object, which was copied from one that has it; there is none.
 */
export type Marked = 'Own' | 'Another' | 'Copy' | 'None';

export class Ownership {
  readonly names: Names;
  /** That preselect its children. */
  readonly labels: Readonly<Record<string, string>>;
  readonly owner: Readonly<Reconciled>;
  readonly #identity: Identity;

  constructor(names: Names, resource: Resource, owner: Readonly<Reconciled>) {
    this.names = names;
    this.labels = labelsOf(resource.kind, owner.metadata?.name ?? '', names);
    this.owner = owner;
    this.#identity = identityOf(resource, owner);
  }

  /** What is written on a child. */
  markFor(resource: Resource, child: Readonly<KubeObject>): string {
    return markOf({ managedBy: this.names.managedBy, owner: this.#identity, child: identityOf(resource, child) });
  }

  marked(resource: Resource, child: Readonly<KubeObject>): Marked {
    const text = child.metadata?.annotations?.[this.names.annotation.owner];
    if (text === undefined) return 'None';
    // Mostly it is, and need not be taken apart to be known.
    if (text === this.markFor(resource, child)) return 'Own';
    // What somebody has garbled says nothing of whose it is.
    const mark = parseMark(text);
    if (!mark) return 'None';
    if (!speaksOf(mark, resource, child)) return 'Copy';
    return mark.managedBy === this.names.managedBy && isSameIdentity(mark.owner, this.#identity) ? 'Own' : 'Another';
  }

  /** Whether it was made for this owner: by its mark, or as versions wrote it that knew no mark. */
  isOwn(resource: Resource, child: Readonly<KubeObject>): boolean {
    const marked = this.marked(resource, child);
    return marked === 'Own' || (marked === 'None' && this.isEarlier(child));
  }

  /**
   * Whether it was made for the object of this name, of the owner's kind and in its namespace, and nobody else has taken it
   * since: by its mark, and by who controls it, if anybody does.
   */
  isHandedOver(resource: Resource, child: Readonly<KubeObject>, from: string): boolean {
    const mark = parseMark(child.metadata?.annotations?.[this.names.annotation.owner] ?? '');
    if (mark?.managedBy !== this.names.managedBy || !speaksOf(mark, resource, child)) return false;
    const controller = controllerOf(child);
    const isTheirs = controller === undefined || (controller.kind === this.#identity.kind && controller.name === from);
    return isTheirs && isSameIdentity(mark.owner, { ...this.#identity, name: from });
  }

  /**
   * Whether a version that knew no mark made it for this owner: its step is on it, and the owner's uid or, where it
   * outlives that, all labels with the owner's name in full. Such a one may be used, and is then marked.
   */
  isEarlier(child: Readonly<KubeObject>): boolean {
    const { labels = {}, annotations = {} } = child.metadata ?? {};
    if (!annotations[this.names.annotation.step] || labels[Label.managedBy] !== this.names.managedBy) return false;
    const controller = controllerOf(child);
    if (controller) return controller.uid === this.owner.metadata?.uid;
    const { kind, name } = this.#identity;
    return (
      labels[this.names.label.retained] === 'true' &&
      labels[Label.instance] === name &&
      labels[Label.name] === kind.toLowerCase()
    );
  }

  /**
   * What is to be put on a child that an earlier version made and that is wanted under its very name; undefined where that is
   * not so. Labels of that version may be those of others, too: they alone make nothing one's own.
   */
  markForEarlier(
    resource: Resource,
    child: Readonly<KubeObject>,
  ): Pick<ObjectMeta, 'labels' | 'annotations'> | undefined {
    if (this.marked(resource, child) !== 'None') return undefined;
    const { labels = {}, annotations = {} } = child.metadata ?? {};
    const isCut =
      annotations[this.names.annotation.step] !== undefined &&
      labels[this.names.label.retained] === 'true' &&
      Object.entries(this.labels).every(([label, value]) => this.#isOwnLabel(labels, label, value));
    if (!this.isEarlier(child) && !(isCut && !controllerOf(child))) return undefined;
    // By its labels it is found when data is to be deleted.
    return { labels: this.labels, annotations: { [this.names.annotation.owner]: this.markFor(resource, child) } };
  }

  /** Whether its labels, as far as it has any of ours, say nothing else than that it is this owner's. */
  hasOwnLabels(child: Readonly<KubeObject>): boolean {
    const labels = child.metadata?.labels ?? {};
    return Object.entries(this.labels).every(
      ([label, value]) => labels[label] === undefined || this.#isOwnLabel(labels, label, value),
    );
  }

  #isOwnLabel(labels: Readonly<Record<string, string>>, label: string, value: string): boolean {
    return (
      labels[label] === value || (label === Label.instance && labels[label] === cutLabelValue(this.#identity.name))
    );
  }

  /** For messages: whose the mark says it is. */
  ownerOf(child: Readonly<KubeObject>): string {
    const mark = parseMark(child.metadata?.annotations?.[this.names.annotation.owner] ?? '');
    if (!mark) return 'nobody';
    const { group, kind, namespace, name } = mark.owner;
    const where = namespace === this.#identity.namespace || namespace === '' ? '' : ` in namespace ${namespace}`;
    const which = kind === this.#identity.kind && group !== this.#identity.group ? ` of ${group}` : '';
    const by = mark.managedBy === this.names.managedBy ? '' : `, managed by ${mark.managedBy}`;
    return `${kind} ${name}${which}${where}${by}`;
  }
}

interface Wanted {
  readonly resource: Resource;
  readonly name: string;
  readonly observed: Readonly<KubeObject> | undefined;
  /** There where it is only ever created. */
  readonly make?: unknown;
  readonly from?: readonly string[];
}

/** Why a wanted object must not be written now, if so: it is on its way out, or it is somebody else's. */
export function heldBack(
  ownerResource: Resource,
  ownership: Ownership,
  { observed, resource, name, make, from = [] }: Wanted,
): Outcome<never> | undefined {
  if (!observed) return undefined;
  const on = referenceTo(resource, observed);
  const what = `${resource.kind} ${name}`;
  if (isBeingDeleted(observed)) {
    return waiting(EngineReason.Deleting, `Waits for ${what} to be gone; it is being deleted and will be made again`, {
      on,
    });
  }
  const { metadata: owner } = ownership.owner;
  const conflict = (says: string) => failed(EngineReason.Conflict, `${what} exists and ${says}`, { on });
  const marked = ownership.marked(resource, observed);
  if (from.some((other) => ownership.isHandedOver(resource, observed, other))) return undefined;
  if (marked === 'Another') return conflict(`belongs to ${ownership.ownerOf(observed)}`);
  const controller = controllerOf(observed);
  if (controller && controller.uid !== owner?.uid) {
    if (ownerRequests(ownerResource, observed).some(({ name: of }) => of === owner?.name)) {
      return waiting(EngineReason.Deleting, `Waits for ${what} of a deleted predecessor to be collected`, { on });
    }
    return conflict(`belongs to ${controller.kind} ${controller.name}`);
  }
  if (marked === 'Own') return undefined;
  const { names } = ownership;
  const manager = observed.metadata?.labels?.[Label.managedBy];
  if (marked === 'Copy' && !make) return conflict('is a copy of another object, as its annotations say; remove it');
  if (controller) {
    return manager === undefined || manager === names.managedBy ? undefined : conflict(`is managed by ${manager}`);
  }
  if (manager === names.managedBy) {
    if (ownership.hasOwnLabels(observed)) return undefined;
    const { [Label.name]: kind = '', [Label.instance]: instance = '' } = observed.metadata?.labels ?? {};
    return conflict(`belongs to ${kind} ${instance}`);
  }
  // What is created once may well have been put there by a person: a password of their choice.
  if (make) return undefined;
  return conflict(
    `was not made for this object; remove it, or hand it over with the label ${Label.managedBy}=${names.managedBy}`,
  );
}
