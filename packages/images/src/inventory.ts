// Images that are on this machine, looked at: what is in them, and what of it Debian has newer by now.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import workspace from '../package.json' with { type: 'json' };
import { currentImage } from './build.js';
import { workspaceRoot } from './bundles.js';
import { isReferenceOf, keyOf, registry, type ImageDefinition } from './definition.js';
import { definitions } from './definitions/index.js';
import { ImageError } from './errors.js';
import { select, suiteOf } from './graph.js';
import { debianIndex, type DebianIndex, type OutdatedPackage } from './outdated.js';
import { checkPrerequisites } from './prerequisites.js';
import { storedImages, withImageFiles, withTemporaryDirectory, type StoredImage } from './store.js';

export interface LookOptions {
  /** Names or `name:tag` keys. Default: all that are here. */
  only?: readonly string[] | undefined;
  signal?: AbortSignal | undefined;
}

export interface OutdatedImage {
  /** `keystone:2025.1` */
  image: string;
  outdated: OutdatedPackage[];
}

/** Writes a bill of materials for each image, `<name>-<tag>.cdx.json`, and returns the files. */
export async function writeSboms(directory: string, { only }: LookOptions = {}): Promise<string[]> {
  const { contentsAt, sbomOf } = await import('./sbom.js');
  const files: string[] = [];
  await mkdir(directory, { recursive: true });
  for (const { definition, image } of await imagesHere(only)) {
    const [name, tag] = [`${registry}/${definition.name}`, tagOf(image, definition)];
    const contents = await withImageFiles(image.id, (root) => contentsAt(root, { name, tag }, workspace.version));
    const file = join(directory, `${definition.name}-${definition.tag}.cdx.json`);
    await writeFile(file, sbomOf(contents));
    files.push(file);
  }
  return files;
}

/** Downloads Debian's lists of packages, and looks each image's up. Changes nothing. */
export async function outdatedImages({ only, signal }: LookOptions = {}): Promise<OutdatedImage[]> {
  const images = await imagesHere(only);
  return withTemporaryDirectory(async (directory) => {
    const indices = new Map<string, DebianIndex>();
    const found: OutdatedImage[] = [];
    for (const { definition, image } of images) {
      const suite = suiteOf(definition, definitions);
      const index = indices.get(suite) ?? (await debianIndex(suite, join(directory, suite), signal));
      indices.set(suite, index);
      const outdated = await withImageFiles(image.id, (root) => index.outdated(root));
      found.push({ image: keyOf(definition), outdated });
    }
    return found;
  });
}

/** Those of the named that are here; an error says which are not. Of our own programs' images: of what is built now, else this clone's newest. */
async function imagesHere(
  only: readonly string[] | undefined,
): Promise<{ definition: ImageDefinition; image: StoredImage }[]> {
  checkPrerequisites({ uid: process.getuid?.() ?? -1 });
  const stored = await storedImages();
  const wanted = only === undefined ? definitions : definitions.filter((definition) => isNamed(definition, only));
  // Says which names there are, where one is none.
  select(definitions, only);
  const found: { definition: ImageDefinition; image: StoredImage }[] = [];
  for (const definition of wanted) {
    const current = definition.bundles && (await currentImage(definition, stored));
    const image = current ?? find(definition, stored);
    if (image) found.push({ definition, image });
  }
  const missing = wanted.filter((definition) => !found.some((one) => one.definition === definition));
  if (found.length === 0 || (only !== undefined && missing.length > 0)) {
    throw new ImageError(
      'missing-image',
      `Not built on this machine: ${missing.map(keyOf).join(', ')}. npm start builds images, and so does npx tsx packages/images/src/main.ts.`,
    );
  }
  return found;
}

const isNamed = (definition: ImageDefinition, names: readonly string[]): boolean =>
  names.includes(definition.name) || names.includes(keyOf(definition));

/** podman lists the newest first. */
export const find = (definition: ImageDefinition, stored: readonly StoredImage[]): StoredImage | undefined =>
  stored.find(
    ({ references, workspace: clone }) =>
      references.some((reference) => isReferenceOf(definition, reference)) &&
      (definition.bundles === undefined || clone === workspaceRoot()),
  );

function tagOf({ references }: StoredImage, definition: ImageDefinition): string {
  const reference = references.find((one) => isReferenceOf(definition, one));
  return reference?.slice(`${registry}/${definition.name}:`.length) ?? '';
}
