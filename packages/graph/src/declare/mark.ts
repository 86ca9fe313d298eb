// Whose child an object is, exactly: written on it in full. Labels only preselect, since they are cut, copied and shared;
// ownerReferences are not on what outlives its owner, and anybody may write one.
import { isSameResource } from './graph.js';
import { PersistentVolumeClaim, type KubeObject, type Resource } from '@stackwright/kube';

/** Which object of all. Versions of a kind are the same kind; `namespace` is empty where there is none. */
export interface Identity {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export interface Mark {
  readonly managedBy: string;
  readonly owner: Identity;
  /** Itself: a copy under another name, or in another namespace, keeps its annotations and has no part in what they say. */
  readonly child: Identity;
}

export function identityOf({ group, kind, namespaced }: Resource, { metadata }: Readonly<KubeObject>): Identity {
  return { group, kind, namespace: namespaced ? (metadata?.namespace ?? '') : '', name: metadata?.name ?? '' };
}

/**
 * `<managed-by>/<group>/<kind>/<namespace>/<name>/<group>/<kind>/<namespace>/<name>`: the owner, then the child. No name in
 * Kubernetes has a slash, so two marks are the same only where all of it is. An owner's uid is no part of it: what is
 * retained is taken up again by an object of the same name.
 */
export function markOf({ managedBy, owner, child }: Mark): string {
  return `${managedBy}/${textOf(owner)}/${textOf(child)}`;
}

/** Undefined for what is no mark. */
export function parseMark(text: string): Mark | undefined {
  const parts = text.split('/');
  if (parts.length !== 9) return undefined;
  const identity = (at: number): Identity => {
    const [group = '', kind = '', namespace = '', name = ''] = parts.slice(at, at + 4);
    return { group, kind, namespace, name };
  };
  return { managedBy: parts[0] ?? '', owner: identity(1), child: identity(5) };
}

/** A StatefulSet writes one mark on all claims that it makes of a template, whose names end in a number. */
export const claimName = (template: string, set: string): string => `${template}-${set}-*`;

/** Whether the child that a mark speaks of is this one. */
export function speaksOf({ child }: Mark, resource: Resource, object: Readonly<KubeObject>): boolean {
  const own = identityOf(resource, object);
  const isThis = child.name === own.name || (isClaim(resource) && child.name === own.name.replace(/-\d+$/, '-*'));
  return isThis && child.group === own.group && child.kind === own.kind && child.namespace === own.namespace;
}

export function isSameIdentity(one: Identity, other: Identity): boolean {
  return (
    one.name === other.name && one.namespace === other.namespace && one.kind === other.kind && one.group === other.group
  );
}

function isClaim(resource: Resource): boolean {
  return isSameResource(resource, PersistentVolumeClaim);
}

function textOf({ group, kind, namespace, name }: Identity): string {
  return `${group}/${kind}/${namespace}/${name}`;
}
