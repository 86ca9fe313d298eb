// Small helpers on API objects that both the controllers and the node agent need.
import { randomInt } from 'node:crypto';
import { apiVersionOf, type KubeObject, type ObjectMeta, type OwnerReference, type Resource } from '@stackwright/kube';

/** An object that the API server returned: its identity is always there. `namespace` means nothing for cluster-scoped kinds. */
export type Stored<T extends KubeObject = KubeObject> = T & {
  metadata: ObjectMeta & {
    name: string;
    namespace: string;
    uid: string;
    resourceVersion: string;
    creationTimestamp: string;
  };
};

export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata?.ownerReferences?.find((owner) => owner.controller === true);
}

export function controllerReference(resource: Resource, owner: Stored): OwnerReference {
  return {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/**
 * One text per value: keys sorted, absent and null fields dropped, and empty lists and maps as absent too, since Go's
 * API types do not tell them apart.
 */
export function canonical(value: unknown): string {
  return JSON.stringify(normalise(value)) ?? 'null';
}

function normalise(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => normalise(item) ?? null);
  if (typeof value !== 'object' || value === null) return value ?? undefined;
  const out: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const kept = normalise(item);
    if (kept === undefined || (Array.isArray(kept) && kept.length === 0)) continue;
    out[key] = kept;
  }
  return Object.keys(out).length > 0 ? out : undefined;
}

export function sameValue(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}

/** FNV-1a, 32 bits: names of revisions and template hashes. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) {
    hash ^= byte;
    hash = Math.imul(hash, 0x01000193) >>> 0;
  }
  return hash;
}

/** Without vowels and look-alikes. */
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** As Kubernetes encodes the hashes in names. */
export function safeEncode(text: string): string {
  return [...text].map((char) => ALPHABET[char.charCodeAt(0) % ALPHABET.length] ?? 'b').join('');
}

/** What Kubernetes makes a generated name unlike others with. */
export function randomSuffix(): string {
  return Array.from({ length: 5 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
}

/** The hash in the name of a ReplicaSet or ControllerRevision; `collisions` gives another name to the same template. */
export function templateHash(template: unknown, collisions = 0): string {
  return safeEncode(String(hash32(`${canonical(template)}${collisions > 0 ? collisions : ''}`)));
}

/** Leaves out counts of zero, as Go's `omitempty` does: clients must not see fields here that a real server omits. */
export function nonZero<K extends string>(counts: Record<K, number>): { [P in K]?: number } {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0)) as { [P in K]?: number };
}
