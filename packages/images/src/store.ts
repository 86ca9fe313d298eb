// podman's image store: what is there, and what goes in.
import { mkdtemp, readlink, rm } from 'node:fs/promises';
import { registry } from './definition.js';
import { capture, type RunOptions } from './process.js';

/** The clone that built an image of its own programs: only that one removes it. */
const WORKSPACE_LABEL = 'dev.stackwright.image.workspace';

/** The content hash an image was built from (see hash.ts). */
export const HASH_LABEL = 'dev.stackwright.image.hash';

export interface StoredImage {
  id: string;
  /** `localhost/stackwright/keystone:2025.1`, … */
  references: readonly string[];
  hash: string | undefined;
  /** Path of the clone, where it holds programs of one. */
  workspace: string | undefined;
}

interface PodmanImage {
  Id: string;
  Names?: string[] | null;
  Labels?: Record<string, string> | null;
}

export async function storedImages(): Promise<StoredImage[]> {
  const output = await capture('podman', ['image', 'list', '--format', 'json', '--filter', `label=${HASH_LABEL}`]);
  return (JSON.parse(output || '[]') as PodmanImage[]).map((image) => ({
    id: image.Id,
    references: image.Names ?? [],
    hash: image.Labels?.[HASH_LABEL],
    workspace: image.Labels?.[WORKSPACE_LABEL],
  }));
}

/** Where podman keeps its images: the file system that must have room. */
export const storageRoot = async (): Promise<string> =>
  (await capture('podman', ['info', '--format', '{{.Store.GraphRoot}}'])).trim();

/**
 * chroot isolation: installing packages needs neither cgroups nor limits nor a network of its own, and so it works
 * on every host, whatever its OCI runtime can do. One layer per image: the cache is the content hash, not podman's.
 */
export async function buildImage(
  image: {
    reference: string;
    hash: string;
    context: string;
    volumes: readonly string[];
    workspace?: string | undefined;
  },
  options: RunOptions,
): Promise<string> {
  const output = await capture(
    'podman',
    [
      'build',
      '--isolation=chroot',
      '--layers=false',
      '--pull=never',
      '--force-rm',
      ...image.volumes.map((volume) => `--volume=${volume}`),
      `--label=${HASH_LABEL}=${image.hash}`,
      ...(image.workspace === undefined ? [] : [`--label=${WORKSPACE_LABEL}=${image.workspace}`]),
      `--tag=${image.reference}`,
      image.context,
    ],
    options,
  );
  return output.slice(output.lastIndexOf('\n') + 1);
}

/** The command that makes an image of a tar archive on its stdin. */
export const importCommand = (image: { reference: string; hash: string; changes: readonly string[] }) => ({
  file: 'podman',
  args: [
    'import',
    '--quiet',
    ...[...image.changes, `LABEL ${HASH_LABEL}=${image.hash}`].map((change) => `--change=${change}`),
    '-',
    image.reference,
  ],
});

/** Frees what a newer image replaced. Kept when a container still runs from it: a later build tries again. */
export async function removeReplaced(images: readonly StoredImage[]): Promise<void> {
  for (const { id } of images) await capture('podman', ['image', 'rm', id]).catch(() => undefined);
}

/** Calls `work` with the directory where an image's files can be read. */
export async function withImageFiles<T>(id: string, work: (root: string) => Promise<T>): Promise<T> {
  const root = (await capture('podman', ['image', 'mount', '--', id])).trim();
  try {
    return await work(root);
  } finally {
    await capture('podman', ['image', 'umount', '--', id]).catch(() => undefined);
  }
}

/** A build that was killed leaves the container it worked in, which holds its image. */
export async function removeLeftovers(): Promise<void> {
  const output = await capture('podman', ['ps', '--all', '--external', '--format', 'json']);
  const containers = JSON.parse(output || '[]') as {
    Id: string;
    Image: string;
    Command?: string[] | null;
    State: string;
  }[];
  const ours = containers.filter(
    ({ Image, Command, State }) =>
      State === 'storage' && Command?.[0] === 'buildah' && Image.startsWith(`${registry}/`),
  );
  for (const { Id } of ours) await capture('podman', ['rm', '--force', Id]).catch(() => undefined);
}

/** In /var/tmp, as it takes a whole base image: /tmp may be memory. What an interrupted podman leaves goes with it. */
export async function withTemporaryDirectory<T>(work: (path: string) => Promise<T>): Promise<T> {
  // By its name `stackwright down --all` finds it after a kill: which process it was of, and among which processes.
  const space = /\d+/.exec(await readlink('/proc/self/ns/pid').catch(() => ''))?.[0] ?? '0';
  const path = await mkdtemp(`/var/tmp/stackwright-images-${space}-${process.pid}-`);
  try {
    return await work(path);
  } finally {
    await rm(path, { recursive: true, force: true });
  }
}

/** Gives an image a name in a registry, and sends it there. */
export async function pushImage(image: { id: string; target: string }, options: RunOptions): Promise<void> {
  await capture('podman', ['push', '--quiet', image.id, `docker://${image.target}`], options);
}

/** Writes images into one archive, as `ctr images import` and `docker load` read it, with these names. */
export async function saveImages(
  { images, file }: { images: readonly { id: string; target: string }[]; file: string },
  options: RunOptions,
): Promise<void> {
  const before = await storedImages();
  const renamed = images.filter(({ target }) => !before.some(({ references }) => references.includes(target)));
  try {
    for (const { id, target } of renamed) await capture('podman', ['tag', id, target], options);
    const names = images.map(({ target }) => target);
    await capture('podman', ['save', '--quiet', '--multi-image-archive', '--output', file, ...names], options);
  } finally {
    // Names that are only for the archive would keep images from being replaced.
    for (const { id, target } of renamed) await capture('podman', ['untag', id, target]).catch(() => undefined);
  }
}
