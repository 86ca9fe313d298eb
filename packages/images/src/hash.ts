import { createHash } from 'node:crypto';
import { accounts } from './accounts.js';
import { configuration, containerfile, withoutSetId } from './containerfile.js';
import type { ImageDefinition } from './definition.js';

/** Changes when the way images are made changes so that every image has to be made again. */
const BUILDER_VERSION = 1;

/** A file of a bundle, for the hash: where it goes and what is in it. */
export interface BundleFile {
  path: string;
  content: Uint8Array;
}

/**
 * Identifies an image's content as far as this workspace decides it: its definition as the build will see it, what it
 * stands on, and the files copied into it. Updates in Debian do not change it: a rebuild for those is asked for.
 */
export function contentHash(
  definition: ImageDefinition,
  parent: { definition: ImageDefinition; hash: string } | undefined,
  files: readonly BundleFile[] = [],
): string {
  const hash = createHash('sha256');
  const recipe =
    parent === undefined
      ? [definition.from, definition.packages, definition.after ?? [], configuration(definition), withoutSetId('')]
      : [containerfile(definition, parent.definition), parent.hash];
  hash.update(JSON.stringify([BUILDER_VERSION, recipe, (definition.accounts ?? []).map((name) => accounts[name])]));
  for (const { path, content } of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    hash.update(`\0${path}\0${content.byteLength}\0`).update(content);
  }
  return hash.digest('hex');
}
