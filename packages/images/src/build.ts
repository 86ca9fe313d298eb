import { mkdir, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { packagesAt } from './packages.js';
import { recordImage, recordsBeside, type PackageChange } from './record.js';
import { hostApt, renderSources, type AptSetup } from './apt.js';
import { buildBase } from './base-image.js';
import { bundleFiles, stageBundles, workspaceRoot } from './bundles.js';
import { APT_MOUNT, containerfile } from './containerfile.js';
import { keyOf, referenceOf, registry, type ImageDefinition } from './definition.js';
import { definitions } from './definitions/index.js';
import { ImageError } from './errors.js';
import { parentOf, runGraph, select, suiteOf } from './graph.js';
import { contentHash, type BundleFile } from './hash.js';
import { checkPrerequisites } from './prerequisites.js';
import { InstallProgress } from './install-progress.js';
import type { RunOptions } from './process.js';
import {
  buildImage,
  removeLeftovers,
  removeReplaced,
  storageRoot,
  storedImages,
  withImageFiles,
  withTemporaryDirectory,
  type StoredImage,
} from './store.js';

export type BuildEvent =
  | { image: string; state: 'waiting' }
  | { image: string; state: 'building'; /** What it does at the moment: "unpacking 12/303". */ activity?: string }
  | { image: string; state: 'cached' }
  | {
      image: string;
      state: 'done';
      seconds: number;
      /** Packages that are others than in the image before it. */
      changes?: readonly PackageChange[];
    }
  | { image: string; state: 'failed'; message: string };

export interface BuildOptions {
  /** Names or `name:tag` keys; those they stand on are built as well. Default: all. */
  only?: readonly string[] | undefined;
  /** Builds these anew although nothing changed in their definitions: for updates from Debian. Default: false. */
  force?: boolean | undefined;
  onProgress?: (event: BuildEvent) => void;
  signal?: AbortSignal | undefined;
}

export interface BuiltImage {
  name: string;
  /** What Pods name: `localhost/stackwright/keystone:2025.1`; of our own programs with the hash: `…/controller:0.1.0-1a2b3c4d5e6f`. */
  reference: string;
  id: string;
  /** Changes when the image's content does. */
  hash: string;
  cached: boolean;
}

/** More at a time would not be faster: unpacking and byte-compiling keep a core each busy. */
const PARALLEL = 2;

interface Plan {
  definition: ImageDefinition;
  parent: Plan | undefined;
  hash: string;
  bundles: readonly BundleFile[];
  stored: StoredImage | undefined;
}

/** Builds what is missing or has changed. Nothing is downloaded or written when nothing has. */
export async function buildImages(options: BuildOptions = {}): Promise<BuiltImage[]> {
  checkPrerequisites({ uid: process.getuid?.() ?? -1 });
  const report = options.onProgress ?? (() => undefined);
  const before = await storedImages();
  const plans = await planBuild(select(definitions, options.only), before, options.force ?? false);
  const missing = plans.filter((plan) => plan.stored === undefined);
  for (const plan of plans)
    report({ image: keyOf(plan.definition), state: plan.stored === undefined ? 'waiting' : 'cached' });

  const ids = new Map(plans.map((plan) => [plan, plan.stored?.id]));
  if (missing.length > 0) {
    await checkSpace(missing);
    await withTemporaryDirectory(async (directory) => {
      const suites = new Set(missing.map((plan) => suiteOf(plan.definition, definitions)));
      const apt = new Map<string, AptSetup>();
      for (const suite of suites) apt.set(suite, await prepareApt(suite, join(directory, suite)));
      await runGraph(
        missing,
        (plan) => (plan.parent?.stored === undefined ? plan.parent : undefined),
        PARALLEL,
        async (plan) => {
          ids.set(plan, await build(plan, directory, apt, report, options.signal));
        },
      ).finally(removeLeftovers);
    });
    await removeReplaced(before.filter((image) => isReplaced(image, missing)));
  }
  return plans.map((plan) => ({
    name: plan.definition.name,
    reference: referenceOf(plan.definition, plan.hash),
    id: ids.get(plan) ?? '',
    hash: plan.hash,
    cached: plan.stored !== undefined,
  }));
}

/** The image of what this clone has built now, whoever made it: that of another clone has the same hash where its programs are the same. */
export async function currentImage(
  definition: ImageDefinition,
  stored: readonly StoredImage[],
): Promise<StoredImage | undefined> {
  try {
    const plans = await planBuild(select(definitions, [definition.name]), stored, false);
    return plans.find((plan) => plan.definition === definition)?.stored;
  } catch (error) {
    // Nothing is built in this clone.
    if (error instanceof ImageError && error.code === 'missing-bundle') return undefined;
    throw error;
  }
}

async function planBuild(
  selected: readonly ImageDefinition[],
  stored: readonly StoredImage[],
  force: boolean,
): Promise<Plan[]> {
  const plans: Plan[] = [];
  for (const definition of selected) {
    const parentDefinition = parentOf(definition, definitions);
    const parent = plans.find((plan) => plan.definition === parentDefinition);
    const bundles = definition.bundles === undefined ? [] : await bundleFiles(definition, workspaceRoot());
    const hash = contentHash(definition, parent, bundles);
    const reference = referenceOf(definition, hash);
    const found = stored.find((image) => image.hash === hash && image.references.includes(reference));
    // A parent that is built anew may be new in ways its hash does not tell (updates from Debian).
    const rebuild = force || (parent !== undefined && parent.stored === undefined);
    plans.push({ definition, parent, hash, bundles, stored: rebuild ? undefined : found });
  }
  return plans;
}

async function build(
  { definition, parent, hash, bundles }: Plan,
  directory: string,
  apt: ReadonlyMap<string, AptSetup>,
  report: (event: BuildEvent) => void,
  signal: AbortSignal | undefined,
): Promise<string> {
  const image = keyOf(definition);
  const started = performance.now();
  const progress = new InstallProgress((activity) => report({ image, state: 'building', activity }));
  const run: RunOptions = { signal, temporary: directory, onLine: (line) => progress.line(line) };
  report({ image, state: 'building' });
  try {
    const reference = referenceOf(definition, hash);
    let id: string;
    if ('suite' in definition.from) {
      const { suite } = definition.from;
      id = await buildBase(definition, suite, { reference, hash }, apt.get(suite) ?? { sources: [], options: [] }, run);
    } else if (parent === undefined) {
      throw new ImageError('unknown-image', `Image ${image} has no parent to stand on.`);
    } else {
      const context = join(directory, definition.name);
      await mkdir(context, { recursive: true });
      await writeFile(join(context, 'Containerfile'), containerfile(definition, parent.definition));
      await stageBundles(bundles, context);
      const volumes = [`${join(directory, suiteOf(definition, definitions))}:${APT_MOUNT}:ro`];
      const workspace = definition.bundles === undefined ? undefined : workspaceRoot();
      id = await buildImage({ reference, hash, context, volumes, workspace }, run);
    }
    const seconds = (performance.now() - started) / 1000;
    report({ image, state: 'done', seconds, changes: await record({ definition, hash }, id) });
    return id;
  } catch (error) {
    const failure = error instanceof ImageError ? error : new ImageError('build-failed', String(error), error);
    report({ image, state: 'failed', message: failure.message });
    throw new ImageError(failure.code, `Image ${image}: ${failure.message}`, failure);
  }
}

/** An image without packages of its own has those of the one that it stands on. */
async function record(
  { definition, hash }: Pick<Plan, 'definition' | 'hash'>,
  id: string,
): Promise<readonly PackageChange[]> {
  if (definition.packages.length === 0) return [];
  const packages = await withImageFiles(id, packagesAt);
  return recordImage(recordsBeside(await storageRoot()), { image: keyOf(definition), id, hash }, packages);
}

/** Writes the directory that is mounted into builds, see APT_MOUNT. */
async function prepareApt(suite: string, directory: string): Promise<AptSetup> {
  const apt = await hostApt(suite);
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'sources.list'), renderSources(apt));
  const configuration = [
    `Dir::Etc::sourcelist "${APT_MOUNT}/sources.list";`,
    'Dir::Etc::sourceparts "/dev/null";',
    'APT::Install-Recommends "false";',
    'Acquire::Languages "none";',
    ...apt.options,
  ];
  await writeFile(join(directory, 'apt.conf'), configuration.map((line) => `${line}\n`).join(''));
  return apt;
}

async function checkSpace(missing: readonly Plan[]): Promise<void> {
  const root = await storageRoot();
  const { bavail, bsize } = await statfs(root);
  const free = (bavail * bsize) / 1e6;
  // Twice: a layer is on the disk a second time while it is being committed; replaced images go last.
  const needed = missing.reduce((sum, plan) => sum + plan.definition.megabytes, 0) * 2;
  if (free < needed) {
    throw new ImageError(
      'no-space',
      `Building ${missing.length} images needs about ${(needed / 1000).toFixed(1)} GB free in ${root}; there are ${(free / 1000).toFixed(1)} GB.`,
    );
  }
}

/** Images whose name now belongs to a new one, or that this clone built before of its own programs. */
const isReplaced = (image: StoredImage, built: readonly Plan[]): boolean =>
  image.references.length === 0 ||
  built.some(({ definition, hash }) =>
    definition.bundles === undefined
      ? image.references.includes(referenceOf(definition, hash))
      : image.workspace === workspaceRoot() &&
        image.references.some((reference) => reference.startsWith(`${registry}/${definition.name}:`)),
  );
