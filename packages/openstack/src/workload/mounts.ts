// From what a service says it mounts to the volumes of a Pod.
import { hashOf, type PodSpec } from '@stackwright/graph';

/** Something that is mounted into the service's containers. */
export interface Mount {
  /** Where: a directory, or with `file` the path of that one file. */
  path: string;
  /** Exactly one source. */
  secret?: string;
  configMap?: string;
  claim?: string;
  /** Of a Secret or ConfigMap that is one of several versions: what they are called without the hash. The volume's name, too. */
  base?: string;
  /** A scratch directory that dies with the Pod. */
  scratch?: 'Disk' | 'Memory';
  /** Mounts this one key of the Secret or ConfigMap as the file `path`. (Such a file never changes while the Pod runs.) */
  file?: string;
  /** Mode of the files; default 0o440: readable by the service's group, which files of volumes belong to. */
  mode?: number;
  /** Default true, but for `claim` and `scratch`. */
  readOnly?: boolean;
  /** Of the object, where it asks for the mount: "spec.extraVolumes[/etc/ceph]". */
  field?: string;
}

type Volume = NonNullable<PodSpec['volumes']>[number];
type VolumeMount = NonNullable<PodSpec['containers'][number]['volumeMounts']>[number];

/** One volume per source, however often it is mounted. */
export function volumesOf(mounts: readonly Mount[]): { volumes: Volume[]; volumeMounts: VolumeMount[] } {
  const volumes = new Map<string, Volume>();
  const volumeMounts = mounts.map((mount): VolumeMount => {
    const { name, source } = volumeFor(mount);
    volumes.set(name, { name, ...source });
    const readOnly = mount.readOnly ?? (mount.claim === undefined && mount.scratch === undefined);
    return {
      name,
      mountPath: mount.path,
      ...(mount.file === undefined ? {} : { subPath: mount.file }),
      ...(readOnly ? { readOnly } : {}),
    };
  });
  return { volumes: [...volumes.values()], volumeMounts };
}

function volumeFor({ path, secret, configMap, claim, scratch, base, mode = 0o440 }: Mount): {
  name: string;
  source: Omit<Volume, 'name'>;
} {
  const modeSuffix = mode === 0o440 ? '' : `-${mode.toString(8)}`;
  if (secret !== undefined)
    return {
      name: nameFor('secret', (base ?? secret) + modeSuffix),
      source: { secret: { secretName: secret, defaultMode: mode } },
    };
  if (configMap !== undefined) {
    return {
      name: nameFor('config', (base ?? configMap) + modeSuffix),
      source: { configMap: { name: configMap, defaultMode: mode } },
    };
  }
  if (claim !== undefined)
    return { name: nameFor('claim', claim), source: { persistentVolumeClaim: { claimName: claim } } };
  if (scratch !== undefined) {
    return { name: nameFor('scratch', path), source: { emptyDir: scratch === 'Memory' ? { medium: 'Memory' } : {} } };
  }
  throw new Error(`The mount at ${path} names no source`);
}

/**
 * What is wrong with a path that the object asks for, in words that name the field. Ours stay visible: nothing may be mounted in
 * their place or over a directory that they are in; nor, where it would have to be made, below them.
 */
export function clashOf(mounts: readonly Mount[]): string | undefined {
  const ours = mounts.filter(({ field }) => field === undefined);
  for (const { path, field } of mounts) {
    if (field === undefined) continue;
    const system = reserved.find((one) => path === one || path.startsWith(`${one}/`));
    if (system !== undefined) return `${field}: nothing can be mounted at ${system}`;
    if (programs.includes(path)) return `${field}: the image's own programs are there`;
    const other = ours.find(
      (one) =>
        one.path === path ||
        one.path.startsWith(`${path}/`) ||
        (path.startsWith(`${one.path}/`) && one.file === undefined && one.scratch === undefined),
    );
    if (other) return `${field}: ${other.path} is the controller's own`;
  }
  return undefined;
}

const reserved = ['/dev', '/proc', '/sys'];
const programs = [
  '/bin',
  '/boot',
  '/etc',
  '/lib',
  '/lib64',
  '/opt',
  '/root',
  '/sbin',
  '/usr',
  '/usr/bin',
  '/usr/lib',
  '/var',
];

/** Names of volumes are DNS labels. */
function nameFor(kind: string, what: string): string {
  const plain = `${kind}-${what.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`
    .replaceAll(/-+/g, '-')
    .replaceAll(/^-|-$/g, '');
  return plain.length <= 63 ? plain : `${plain.slice(0, 54)}-${hashOf(what, 8)}`;
}
