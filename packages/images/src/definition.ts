import type { AccountName } from './accounts.js';

/**
 * One image, as data. Everything in it is part of the image's content hash: changing any field rebuilds the image
 * and all that stand on it.
 */
export interface ImageDefinition {
  /** Last part of the image's name: `localhost/stackwright/<name>:<tag>`. */
  name: string;
  /** OpenStack release for OpenStack's services, upstream version for the others, Debian suite for the base. */
  tag: string;
  description: string;
  /** `<name>:<tag>` of the image it stands on, or the Debian suite it is bootstrapped from. */
  from: { image: string } | { suite: string };
  /** Created with their fixed ids before any package is installed. */
  accounts?: readonly AccountName[];
  /** Debian packages, without what they recommend. */
  packages: readonly string[];
  /** Shell commands run after the packages are installed, in the same layer. */
  after?: readonly string[];
  /** Controllers whose bundle `packages/<name>/dist/main.js` becomes `/opt/stackwright/<name>/main.js`. */
  bundles?: readonly string[];
  environment?: Readonly<Record<string, string>>;
  /** Whom containers run as when the Pod does not say; root when absent. */
  user?: AccountName;
  command?: readonly string[];
  /** What it adds to the disk, for the check before a build. MB, generous. */
  megabytes: number;
  /** Only there for others to stand on: not built by itself, not listed as a result to use. */
  internal?: boolean;
}

export const registry = 'localhost/stackwright';

/** `keystone:2025.1`: how definitions name each other. */
export const keyOf = (definition: ImageDefinition): string => `${definition.name}:${definition.tag}`;

/**
 * `localhost/stackwright/keystone:2025.1`: how podman and Pods name it. What is built of this workspace's own programs has the hash
 * of its content in its tag: two clones, or two states of one, are two images.
 */
export const referenceOf = (definition: ImageDefinition, hash: string): string =>
  `${registry}/${keyOf(definition)}${definition.bundles === undefined ? '' : `-${hash.slice(0, 12)}`}`;

/** Whether an image of the definition is called so, whatever its content was. */
export function isReferenceOf(definition: ImageDefinition, reference: string): boolean {
  const name = `${registry}/${keyOf(definition)}`;
  if (definition.bundles === undefined) return reference === name;
  return reference.startsWith(name) && /^-[0-9a-f]{12}$/.test(reference.slice(name.length));
}
