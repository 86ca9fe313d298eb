// What files a Secret, ConfigMap, downward API or projected volume consists of. Pure but for tokens, which are fetched.
import type { ConfigMap, Pod, Secret } from '@stackwright/kube';
import type {
  ConfigMapVolumeSource,
  DownwardAPIVolumeFile,
  KeyToPath,
  ProjectedVolumeSource,
  SecretVolumeSource,
  Volume,
} from 'kubernetes-types/core/v1.d.ts';
import type { Stored } from '../../shared/objects.js';
import { fieldValue, resourceValue, type NodeResources, type PodAddresses } from '../downward.js';
import type { EnvSources } from '../env.js';
import { VolumeError } from './error.js';

export interface File {
  content: Buffer;
  mode: number;
}

/** By path relative to the volume. */
export type Payload = Map<string, File>;

export interface PayloadContext {
  pod: Stored<Pod>;
  addresses: PodAddresses;
  node: NodeResources;
  sources: EnvSources;
  token(audience: string | undefined, expirationSeconds: number): Promise<string>;
}

const DEFAULT_MODE = 0o644;

/** Undefined for volumes that are not made of API objects. */
export async function payloadOf(volume: Volume, context: PayloadContext): Promise<Payload | undefined> {
  if (volume.secret)
    return secretFiles(volume.secret.secretName ?? '', volume.secret, volume.secret.defaultMode, context);
  if (volume.configMap)
    return configMapFiles(volume.configMap.name ?? '', volume.configMap, volume.configMap.defaultMode, context);
  if (volume.downwardAPI) return downwardFiles(volume.downwardAPI.items ?? [], volume.downwardAPI.defaultMode, context);
  if (volume.projected) return projectedFiles(volume.projected, context);
  return undefined;
}

type Items = Pick<SecretVolumeSource & ConfigMapVolumeSource, 'items' | 'optional'>;

function secretFiles(
  name: string,
  selection: Items,
  mode: number | undefined,
  { pod, sources }: PayloadContext,
): Payload {
  const secret: Secret | undefined = sources.secret(pod.metadata.namespace, name);
  if (!secret && !selection.optional) throw new VolumeError(`secret "${name}" not found`);
  const files = new Map(Object.entries(secret?.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')]));
  return select(files, selection, mode, 'secret', `${pod.metadata.namespace}/${name}`);
}

function configMapFiles(
  name: string,
  selection: Items,
  mode: number | undefined,
  { pod, sources }: PayloadContext,
): Payload {
  const configMap: ConfigMap | undefined = sources.configMap(pod.metadata.namespace, name);
  if (!configMap && !selection.optional) throw new VolumeError(`configmap "${name}" not found`);
  const files = new Map([
    ...Object.entries(configMap?.data ?? {}).map(([key, value]): [string, Buffer] => [key, Buffer.from(value)]),
    ...Object.entries(configMap?.binaryData ?? {}).map(([key, value]): [string, Buffer] => [
      key,
      Buffer.from(value, 'base64'),
    ]),
  ]);
  return select(files, selection, mode, 'configmap', `${pod.metadata.namespace}/${name}`);
}

function select(
  files: ReadonlyMap<string, Buffer>,
  { items, optional }: Items,
  mode: number | undefined,
  kind: string,
  name: string,
): Payload {
  const wanted: readonly KeyToPath[] = items ?? [...files.keys()].map((key) => ({ key, path: key }));
  const payload: Payload = new Map();
  for (const item of wanted) {
    const content = files.get(item.key);
    if (!content && optional) continue;
    if (!content) throw new VolumeError(`references non-existent ${kind} key: ${item.key} (${name})`);
    payload.set(item.path, { content, mode: item.mode ?? mode ?? DEFAULT_MODE });
  }
  return payload;
}

function downwardFiles(
  items: readonly DownwardAPIVolumeFile[],
  mode: number | undefined,
  { pod, addresses, node }: PayloadContext,
): Payload {
  const payload: Payload = new Map();
  for (const item of items) {
    const container = pod.spec?.containers.find(({ name }) => name === item.resourceFieldRef?.containerName);
    const value = item.fieldRef
      ? fieldValue(pod, item.fieldRef, addresses)
      : item.resourceFieldRef && container && resourceValue(container, item.resourceFieldRef, node);
    if (value === undefined) throw new VolumeError(`no value for ${item.path}: unknown field`);
    payload.set(item.path, { content: Buffer.from(value), mode: item.mode ?? mode ?? DEFAULT_MODE });
  }
  return payload;
}

async function projectedFiles(
  { sources, defaultMode }: ProjectedVolumeSource,
  context: PayloadContext,
): Promise<Payload> {
  const payload: Payload = new Map();
  for (const source of sources ?? []) {
    const part: Payload = source.secret
      ? secretFiles(source.secret.name ?? '', source.secret, defaultMode, context)
      : source.configMap
        ? configMapFiles(source.configMap.name ?? '', source.configMap, defaultMode, context)
        : source.downwardAPI
          ? downwardFiles(source.downwardAPI.items ?? [], defaultMode, context)
          : new Map<string, File>();
    for (const [path, file] of part) payload.set(path, file);
    if (!source.serviceAccountToken) continue;
    const { audience, expirationSeconds, path } = source.serviceAccountToken;
    const token = await context.token(audience, expirationSeconds ?? 3600);
    payload.set(path, { content: Buffer.from(token), mode: tokenMode(context.pod, defaultMode) });
  }
  return payload;
}

/** A token is for its Pod alone; when containers run as another user, that user's group must be able to read it. */
function tokenMode(pod: Pod, mode: number | undefined): number {
  return pod.spec?.securityContext?.fsGroup === undefined ? (mode ?? DEFAULT_MODE) : 0o600;
}
