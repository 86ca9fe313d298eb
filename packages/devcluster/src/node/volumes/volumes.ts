import { createHash } from 'node:crypto';
import { chmod, mkdir, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '@stackwright/kube';
import type { Volume, VolumeMount } from 'kubernetes-types/core/v1.d.ts';
import { quantity } from '../../shared/quantity.js';
import type { Stored } from '../../shared/objects.js';
import type { Mount } from '../runtime.js';
import { writePayload } from './atomic-writer.js';
import { VolumeError } from './error.js';
import { held, type Held } from './held.js';
import { prepareHostPath } from './host-path.js';
import type { Mounter } from './mounter.js';
import { giveToGroup } from './ownership.js';
import { payloadOf, type PayloadContext } from './payload.js';

export interface VolumesOptions {
  /** Directory under which every Pod has its own. */
  directory: string;
  mounter: Mounter;
  claim(namespace: string, name: string): PersistentVolumeClaim | undefined;
  persistentVolume(name: string): PersistentVolume | undefined;
}

/** The volumes of Pods as directories of the host. */
export class Volumes {
  readonly #options: VolumesOptions;

  constructor(options: VolumesOptions) {
    this.#options = options;
  }

  podDirectory(podUid: string): string {
    return join(this.#options.directory, podUid);
  }

  /** Prepares every volume; throws a VolumeError that names the first that cannot be. */
  async prepare(pod: Stored<Pod>, context: PayloadContext): Promise<void> {
    // Secrets lie below: on the host they are for root alone. Containers get there by their mounts.
    await mkdir(this.#options.directory, { recursive: true, mode: 0o700 });
    return this.#forEach(pod, (volume) => this.#prepare(pod, volume, context));
  }

  /** Brings the files of Secrets, ConfigMaps, tokens and the like up to date. */
  update(pod: Stored<Pod>, context: PayloadContext): Promise<void> {
    return this.#forEach(pod, async (volume) => {
      await this.#write(pod, volume, context);
    });
  }

  async #forEach(pod: Stored<Pod>, action: (volume: Volume) => Promise<void>): Promise<void> {
    for (const volume of pod.spec?.volumes ?? []) {
      try {
        await action(volume);
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        throw new VolumeError(`MountVolume.SetUp failed for volume "${volume.name}" : ${message}`, { cause: error });
      }
    }
  }

  /** Where a container finds a volume, with `subPath` resolved to what it is now. */
  async mount(pod: Stored<Pod>, mount: VolumeMount, subPath: string | undefined): Promise<Mount> {
    const volume = pod.spec?.volumes?.find(({ name }) => name === mount.name);
    if (!volume) throw new VolumeError(`volume "${mount.name}" is not one of the Pod`);
    const root = this.#path(pod, volume);
    const hostPath = subPath ? await this.#subPath(pod, mount, root, subPath, isWritten(volume)) : root;
    return { hostPath, containerPath: mount.mountPath, readOnly: isWritten(volume) || (mount.readOnly ?? false) };
  }

  /**
   * Where a container is started some moments later, another one could have put a link in the place of a directory by then. So what a
   * container may write is given by what is there now, not by its name.
   */
  async #subPath(pod: Stored<Pod>, mount: VolumeMount, root: string, subPath: string, fixed: boolean): Promise<string> {
    const path = await resolveSubPath(root, subPath, fixed);
    // Elsewhere there are no containers.
    if (fixed || process.platform !== 'linux') return path;
    const found = await holdBelow(await realpath(root), path);
    if (!found) throw new VolumeError(`subPath "${subPath}" leads out of its volume`);
    try {
      const name = createHash('sha256')
        .update(`${mount.mountPath}\0${mount.name}\0${subPath}`)
        .digest('hex')
        .slice(0, 16);
      const pinned = join(this.podDirectory(pod.metadata.uid), 'sub-paths', name);
      return (await this.#options.mounter.pin(found.path, found.stats.isDirectory(), pinned)) ? pinned : path;
    } finally {
      await found.close();
    }
  }

  /** The file into which a container writes why it ends; it is made when it is not there. */
  async terminationFile(podUid: string, container: string, attempt: number): Promise<string> {
    const directory = join(this.podDirectory(podUid), 'containers', container);
    await mkdir(directory, { recursive: true });
    const path = join(directory, `${attempt}.termination`);
    await writeFile(path, '', { flag: 'a' });
    await chmod(path, 0o666);
    return path;
  }

  /** Takes a Pod's directory away. Persistent volumes are elsewhere and stay. */
  async remove(podUid: string): Promise<void> {
    const directory = this.podDirectory(podUid);
    await this.#options.mounter.unmountAll(directory);
    await rm(directory, { recursive: true, force: true });
  }

  #path(pod: Stored<Pod>, volume: Volume): string {
    if (volume.hostPath) return volume.hostPath.path;
    if (volume.persistentVolumeClaim) return this.#claimed(pod, volume.persistentVolumeClaim.claimName);
    return join(this.podDirectory(pod.metadata.uid), 'volumes', volume.name);
  }

  async #prepare(pod: Stored<Pod>, volume: Volume, context: PayloadContext): Promise<void> {
    const { fsGroup, fsGroupChangePolicy } = pod.spec?.securityContext ?? {};
    if (await this.#write(pod, volume, context)) return;
    if (volume.emptyDir) {
      await this.#emptyDir(this.#path(pod, volume), volume.emptyDir, fsGroup);
    } else if (volume.hostPath) {
      await prepareHostPath(volume.hostPath);
    } else if (volume.persistentVolumeClaim) {
      const path = this.#path(pod, volume);
      await mkdir(path, { recursive: true });
      if (fsGroup !== undefined) await giveToGroup(path, fsGroup, fsGroupChangePolicy === 'OnRootMismatch');
    } else {
      const kind = Object.keys(volume).find((key) => key !== 'name') ?? 'this kind';
      throw new VolumeError(`volumes of type ${kind} are not supported by this node`);
    }
  }

  /** False for a volume that is not made of API objects. */
  async #write(pod: Stored<Pod>, volume: Volume, context: PayloadContext): Promise<boolean> {
    const payload = await payloadOf(volume, context);
    if (payload) await writePayload(this.#path(pod, volume), payload, pod.spec?.securityContext?.fsGroup);
    return payload !== undefined;
  }

  async #emptyDir(path: string, source: NonNullable<Volume['emptyDir']>, group: number | undefined): Promise<void> {
    const exists = await stat(path).then(
      () => true,
      () => false,
    );
    if (!exists) {
      await mkdir(path, { recursive: true });
      await chmod(path, 0o777);
    }
    if (source.medium === 'Memory') {
      await this.#options.mounter.mountMemory(
        path,
        source.sizeLimit === undefined ? undefined : Math.ceil(quantity(source.sizeLimit)),
      );
    }
    if (group !== undefined) await giveToGroup(path, group, true);
  }

  #claimed(pod: Stored<Pod>, name: string): string {
    const claim = this.#options.claim(pod.metadata.namespace, name);
    if (!claim) throw new VolumeError(`persistentvolumeclaim "${name}" not found`);
    const volumeName = claim.spec?.volumeName;
    if (claim.status?.phase !== 'Bound' || !volumeName)
      throw new VolumeError(`persistentvolumeclaim "${name}" is not bound`);
    const spec = this.#options.persistentVolume(volumeName)?.spec;
    const path = spec?.hostPath?.path ?? spec?.local?.path;
    if (!path) throw new VolumeError(`persistentvolume "${volumeName}" is not a directory of this node`);
    return path;
  }
}

/** Volumes whose content the agent writes; containers cannot. */
function isWritten(volume: Volume): boolean {
  return Boolean(volume.secret ?? volume.configMap ?? volume.downwardAPI ?? volume.projected);
}

/**
 * The file or directory behind a subPath, links resolved, since a container gets that very one. In volumes that
 * containers may write a missing directory is made, as the kubelet does: step by step, so that nothing is made behind a link
 * that leads out of the volume.
 */
async function resolveSubPath(root: string, subPath: string, fixed: boolean): Promise<string> {
  const outside = new VolumeError(`subPath "${subPath}" leads out of its volume`);
  if (subPath.startsWith('/') || subPath.split('/').includes('..')) throw outside;
  const top = await realpath(root);
  let path = top;
  for (const name of subPath.split('/').filter((part) => part !== '' && part !== '.')) {
    const next = join(path, name);
    if (!fixed) await mkdir(next).catch(ignoreKnown);
    const resolved = await realpath(next).catch(() => undefined);
    if (resolved === undefined)
      throw new VolumeError(`failed to prepare subPath "${subPath}": no such file in the volume`);
    const inside = relative(top, resolved);
    // A name may begin with two dots, as those of the atomic writer do.
    if (inside === '..' || inside.startsWith('../')) throw outside;
    path = resolved;
  }
  return path;
}

/** Takes hold of what is there without following any link below `top`; undefined when there has come to be one. */
async function holdBelow(top: string, path: string): Promise<Held | undefined> {
  let at = await held(top);
  for (const name of relative(top, path).split('/').filter(Boolean)) {
    if (!at) return undefined;
    const above = at;
    at = await held(join(above.path, name)).finally(() => above.close());
  }
  if (!at?.stats.isSymbolicLink()) return at;
  await at.close();
  return undefined;
}

function ignoreKnown(error: unknown): void {
  const { code = '' } = error as NodeJS.ErrnoException;
  // What is there, and what is no directory, is found out when it is resolved.
  if (code !== 'EEXIST' && code !== 'ENOTDIR') throw error;
}
