// The volumes of a Pod: one source each, of any type.
import type {
  CSIVolumeSource,
  DownwardAPIVolumeFile,
  EmptyDirVolumeSource,
  EphemeralVolumeSource,
  HostPathVolumeSource,
  KeyToPath,
  ProjectedVolumeSource,
  ServiceAccountTokenProjection,
  Volume,
} from 'kubernetes-types/core/v1.d.ts';
import { quantityNanos } from '@stackwright/kube';
import { nameProblems } from '../schema/formats.js';
import { validateAnnotations, validateLabels } from '../schema/names.js';
import type { ImageVolumeSource } from '../schema/newer-fields.js';
import { checkClaimSpec } from './claims.js';
import { checkFieldRef, checkResourceRef } from './environment.js';
import { PULL_POLICIES, type Findings } from './findings.js';
import { checkOtherVolume } from './other-volumes.js';
import { checkNoBacksteps, checkUnreserved } from './paths.js';

export type Volumes = ReadonlyMap<string, Volume>;

/** Returns those without a fault, which containers may mount. `podName`: where it is known. */
export function checkVolumes(
  findings: Findings,
  path: string,
  volumes: readonly Volume[] | undefined,
  podName: string | undefined,
): Volumes {
  const usable = new Map<string, Volume>();
  const made = new Set(
    (volumes ?? []).filter(({ ephemeral }) => ephemeral).map(({ name }) => `${podName ?? ''}-${name}`),
  );
  findings.each(path, volumes, (volume, at) => {
    const before = findings.errors.length;
    checkSource(findings, at, volume, podName);
    if (findings.present(`${at}.name`, volume.name)) findings.name(`${at}.name`, 'label', volume.name);
    if (usable.has(volume.name)) findings.duplicate(`${at}.name`, volume.name);
    if (findings.errors.length === before) usable.set(volume.name, volume);
    const claim = volume.persistentVolumeClaim?.claimName ?? '';
    if (podName && made.has(claim)) {
      const problem = 'must not reference a PVC that gets created for an ephemeral volume';
      findings.invalid(`${at}.persistentVolumeClaim.claimName`, claim, problem);
    }
  });
  return usable;
}

/** In the order in which the first one counts. */
const kinds = [
  'emptyDir',
  'hostPath',
  'gitRepo',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'secret',
  'nfs',
  'iscsi',
  'glusterfs',
  'flocker',
  'persistentVolumeClaim',
  'rbd',
  'cinder',
  'cephfs',
  'quobyte',
  'downwardAPI',
  'fc',
  'flexVolume',
  'configMap',
  'azureFile',
  'vsphereVolume',
  'photonPersistentDisk',
  'portworxVolume',
  'azureDisk',
  'storageos',
  'projected',
  'scaleIO',
  'csi',
  'ephemeral',
  'image',
] as const satisfies readonly (keyof Volume)[];

/** Paths of findings that are not the field's name. */
const alias: Readonly<Record<string, string>> = { gcePersistentDisk: 'persistentDisk' };
const aliasOfSecond: Readonly<Record<string, string>> = { cephfs: 'cephFS', downwardAPI: 'downwarAPI' };

function checkSource(findings: Findings, path: string, volume: Volume, podName: string | undefined): void {
  const [first, ...others] = kinds.filter((kind) => volume[kind]);
  for (const kind of others)
    findings.forbidden(`${path}.${aliasOfSecond[kind] ?? kind}`, 'may not specify more than 1 volume type');
  if (first === undefined) {
    findings.required(path, 'must specify a volume type');
    return;
  }
  const at = `${path}.${alias[first] ?? first}`;
  const { emptyDir, hostPath, secret, configMap, downwardAPI, projected, csi, ephemeral } = volume;
  checkOtherVolume(findings, at, first, volume);
  if (first === 'emptyDir' && emptyDir) checkEmptyDir(findings, at, emptyDir);
  if (first === 'hostPath' && hostPath) checkHostPath(findings, at, hostPath);
  if (first === 'secret' && secret) {
    findings.present(`${at}.secretName`, secret.secretName);
    checkItems(findings, at, secret);
  }
  if (first === 'configMap' && configMap) {
    findings.present(`${at}.name`, configMap.name);
    checkItems(findings, at, configMap);
  }
  if (first === 'downwardAPI' && downwardAPI) {
    findings.fileMode(`${at}.defaultMode`, downwardAPI.defaultMode);
    for (const file of downwardAPI.items ?? []) checkFile(findings, at, file);
  }
  if (first === 'projected' && projected) checkProjected(findings, at, projected);
  if (first === 'csi' && csi) checkCsi(findings, at, csi);
  if (first === 'ephemeral' && ephemeral) checkEphemeral(findings, at, ephemeral, podName, volume.name);
  if (first === 'image' && volume.image) checkImage(findings, at, volume.image, podName !== undefined);
}

/** A template may leave it open which image it is. */
function checkImage(
  findings: Findings,
  path: string,
  { reference, pullPolicy }: ImageVolumeSource,
  ofPod: boolean,
): void {
  if (ofPod) findings.present(`${path}.reference`, reference);
  findings.choice(`${path}.pullPolicy`, pullPolicy, PULL_POLICIES);
}

function checkEmptyDir(findings: Findings, path: string, { sizeLimit }: EmptyDirVolumeSource): void {
  if (sizeLimit !== undefined && quantityNanos(sizeLimit) < 0n)
    findings.forbidden(`${path}.sizeLimit`, 'SizeLimit field must be a valid resource quantity');
}

const HOST_PATHS = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];

function checkHostPath(findings: Findings, path: string, { path: target, type = '' }: HostPathVolumeSource): void {
  if (!findings.present(`${path}.path`, target)) return;
  checkNoBacksteps(findings, `${path}.path`, target);
  findings.oneOf(`${path}.type`, type, HOST_PATHS);
}

interface Keys {
  defaultMode?: number;
  items?: KeyToPath[];
}

function checkItems(findings: Findings, path: string, { defaultMode, items }: Keys): void {
  findings.fileMode(`${path}.defaultMode`, defaultMode);
  findings.each(`${path}.items`, items, (item, at) => {
    findings.present(`${at}.key`, item.key);
    findings.present(`${at}.path`, item.path);
    checkUnreserved(findings, `${at}.path`, item.path);
    findings.fileMode(`${at}.mode`, item.mode);
  });
}

const VOLUME_FIELDS = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];

/** Its findings are placed at the volume, as a real server does. */
function checkFile(findings: Findings, path: string, file: DownwardAPIVolumeFile): void {
  findings.present(`${path}.path`, file.path);
  checkUnreserved(findings, `${path}.path`, file.path);
  const { fieldRef, resourceFieldRef } = file;
  if (fieldRef) checkFieldRef(findings, `${path}.fieldRef`, fieldRef, VOLUME_FIELDS);
  if (fieldRef && resourceFieldRef)
    findings.invalid(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously');
  if (!fieldRef && resourceFieldRef) checkResourceRef(findings, `${path}.resourceFieldRef`, resourceFieldRef, true);
  if (!fieldRef && !resourceFieldRef) findings.required(path, 'one of fieldRef and resourceFieldRef is required');
  findings.fileMode(`${path}.mode`, file.mode);
}

function checkProjected(findings: Findings, path: string, { defaultMode, sources }: ProjectedVolumeSource): void {
  findings.fileMode(`${path}.defaultMode`, defaultMode);
  const taken = new Set<string>();
  const take = (target: string, named: string): void => {
    if (target === '') return;
    if (taken.has(target)) findings.invalid(path, named, 'conflicting duplicate paths');
    taken.add(target);
  };
  findings.each(`${path}.sources`, sources, (source, at) => {
    const { secret, configMap, downwardAPI, serviceAccountToken, clusterTrustBundle } = source;
    for (const [kind, keys] of Object.entries({ secret, configMap })) {
      if (!keys) continue;
      findings.present(`${at}.${kind}.name`, keys.name);
      checkItems(findings, `${at}.${kind}`, keys);
      for (const item of keys.items ?? []) take(item.path, keys.name ?? '');
    }
    for (const file of downwardAPI?.items ?? []) {
      checkFile(findings, `${at}.downwardAPI`, file);
      take(file.path, file.path);
    }
    if (serviceAccountToken) checkToken(findings, path, `${at}.serviceAccountToken`, serviceAccountToken);
    const given = [secret, configMap, downwardAPI, serviceAccountToken, clusterTrustBundle].filter(Boolean).length;
    if (given > 1) findings.forbidden(at, 'may not specify more than 1 volume type per source');
  });
}

const TEN_MINUTES = 600;

function checkToken(
  findings: Findings,
  volume: string,
  path: string,
  { path: target, expirationSeconds = 0 }: ServiceAccountTokenProjection,
): void {
  const at = `${path}.expirationSeconds`;
  if (expirationSeconds < TEN_MINUTES)
    findings.invalid(at, expirationSeconds, 'may not specify a duration less than 10 minutes');
  if (expirationSeconds > 2 ** 32)
    findings.invalid(at, expirationSeconds, 'may not specify a duration larger than 2^32 seconds');
  if (findings.present(`${volume}.path`, target)) checkUnreserved(findings, `${volume}.path`, target);
}

function checkCsi(findings: Findings, path: string, { driver, nodePublishSecretRef }: CSIVolumeSource): void {
  if (findings.present(`${path}.driver`, driver)) {
    if (driver.length > 63) findings.tooLong(`${path}.driver`, 63);
    findings.invalidEach(`${path}.driver`, driver, nameProblems('subdomain', driver.toLowerCase()));
  }
  if (!nodePublishSecretRef) return;
  const { name } = nodePublishSecretRef;
  if (findings.present(`${path}.nodePublishSecretRef.name`, name)) findings.name(`${path}.name`, 'subdomain', name);
}

function checkEphemeral(
  findings: Findings,
  path: string,
  { volumeClaimTemplate }: EphemeralVolumeSource,
  podName: string | undefined,
  name: string,
): void {
  const at = `${path}.volumeClaimTemplate`;
  if (!volumeClaimTemplate) {
    findings.required(at);
    return;
  }
  const { metadata = {}, spec } = volumeClaimTemplate;
  const { labels, annotations, ...others } = metadata;
  findings.add(validateAnnotations(annotations, `${at}.metadata.annotations`));
  findings.add(validateLabels(labels, `${at}.metadata.labels`));
  for (const other of Object.keys(others))
    findings.forbidden(`${at}.metadata.${other === 'uid' ? 'uID' : other}`, 'cannot be set');
  checkClaimSpec(findings, `${at}.spec`, spec);
  if (!podName || name === '') return;
  const claim = `${podName}-${name}`;
  for (const problem of nameProblems('subdomain', claim))
    findings.invalid(`${path.slice(0, -'.ephemeral'.length)}.name`, name, `PVC name "${claim}": ${problem}`);
}
