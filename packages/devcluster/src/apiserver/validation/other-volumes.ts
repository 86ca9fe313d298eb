// Volumes of types that are no more than names of something elsewhere.
import type {
  AzureDiskVolumeSource,
  FCVolumeSource,
  FlexVolumeSource,
  ISCSIVolumeSource,
  QuobyteVolumeSource,
  StorageOSVolumeSource,
  Volume,
} from 'kubernetes-types/core/v1.d.ts';
import type { Findings } from './findings.js';
import { checkDescending } from './paths.js';

/** Fields that must not be empty. */
const needed = {
  gitRepo: ['repository'],
  gcePersistentDisk: ['pdName'],
  awsElasticBlockStore: ['volumeID'],
  nfs: ['server', 'path'],
  iscsi: ['targetPortal', 'iqn'],
  glusterfs: ['endpoints', 'path'],
  persistentVolumeClaim: ['claimName'],
  rbd: ['monitors', 'image'],
  cinder: ['volumeID'],
  cephfs: ['monitors'],
  quobyte: ['volume'],
  flexVolume: ['driver'],
  azureFile: ['secretName', 'shareName'],
  vsphereVolume: ['volumePath'],
  photonPersistentDisk: ['pdID'],
  portworxVolume: ['volumeID'],
  azureDisk: ['diskName', 'diskURI'],
  storageos: ['volumeName'],
  scaleIO: ['gateway', 'system', 'volumeName'],
} as const satisfies Partial<Record<keyof Volume, readonly string[]>>;

/** `kind`: of the volume's sources the one that counts. Says nothing of those that are looked at elsewhere. */
export function checkOtherVolume(findings: Findings, path: string, kind: keyof Volume, volume: Volume): void {
  const { iscsi, fc, quobyte, azureDisk, storageos, flexVolume, cinder, nfs, gitRepo, flocker } = volume;
  if (kind in needed) checkNeeded(findings, path, volume[kind] as object, needed[kind as keyof typeof needed]);
  switch (kind) {
    case 'gcePersistentDisk':
    case 'awsElasticBlockStore':
      return checkPartition(findings, `${path}.partition`, volume[kind]?.partition ?? 0);
    case 'nfs':
      if (!nfs?.path.startsWith('/')) findings.invalid(`${path}.path`, nfs?.path ?? '', 'must be an absolute path');
      return;
    case 'gitRepo':
      return checkDescending(findings, `${path}.directory`, gitRepo?.directory ?? '');
    case 'flocker':
      if (!flocker?.datasetName && !flocker?.datasetUUID)
        findings.required(path, 'one of datasetName and datasetUUID is required');
      return;
    case 'cinder':
      return checkSecretRef(findings, path, cinder?.secretRef);
    case 'iscsi':
      return iscsi && checkIscsi(findings, path, iscsi);
    case 'fc':
      return fc && checkFibreChannel(findings, path, fc);
    case 'quobyte':
      return quobyte && checkQuobyte(findings, path, quobyte);
    case 'azureDisk':
      return azureDisk && checkAzureDisk(findings, path, azureDisk);
    case 'storageos':
      return storageos && checkStorageOS(findings, path, storageos);
    case 'flexVolume':
      return flexVolume && checkFlexVolume(findings, path, flexVolume);
    default:
  }
}

function checkNeeded(findings: Findings, path: string, source: object, names: readonly string[]): void {
  const values = new Map(Object.entries(source));
  for (const name of names) {
    const value: unknown = values.get(name);
    if (value === undefined || value === '' || (Array.isArray(value) && value.length === 0))
      findings.required(`${path}.${name}`);
  }
}

function checkPartition(findings: Findings, path: string, partition: number): void {
  // The words have it from one on; what is refused does not.
  if (partition < 0 || partition > 255) findings.invalid(path, partition, 'must be between 1 and 255, inclusive');
}

function checkSecretRef(findings: Findings, path: string, reference: { name?: string } | undefined): void {
  if (reference) findings.present(`${path}.secretRef.name`, reference.name);
}

const INITIATORS: Readonly<Record<string, RegExp>> = {
  iqn: /iqn\.\d{4}-\d{2}\.([0-9A-Za-z\-.]+)(:[^,;*&$|\s]+)$/,
  eui: /^eui.[0-9A-Za-z]{16}$/,
  naa: /^naa.[0-9A-Za-z]{32}$/,
};

function checkInitiator(findings: Findings, path: string, name: string): void {
  const form = INITIATORS[name.slice(0, 3)];
  if (!form) findings.invalid(path, name, 'must be valid format starting with iqn, eui, or naa');
  else if (!form.test(name)) findings.invalid(path, name, 'must be valid format');
}

function checkIscsi(findings: Findings, path: string, source: ISCSIVolumeSource): void {
  const { iqn, lun, chapAuthDiscovery, chapAuthSession, secretRef, initiatorName } = source;
  if (iqn) checkInitiator(findings, `${path}.iqn`, iqn);
  findings.inRange(`${path}.lun`, lun, 0, 255);
  if ((chapAuthDiscovery || chapAuthSession) && !secretRef) findings.required(`${path}.secretRef`);
  if (initiatorName !== undefined) checkInitiator(findings, `${path}.initiatorname`, initiatorName);
}

function checkFibreChannel(findings: Findings, path: string, source: FCVolumeSource): void {
  const { targetWWNs = [], wwids = [], lun } = source;
  if (targetWWNs.length === 0 && wwids.length === 0)
    findings.required(`${path}.targetWWNs`, 'must specify either targetWWNs or wwids, but not both');
  if (targetWWNs.length === 0) return;
  if (wwids.length > 0) {
    const problem = 'targetWWNs and wwids can not be specified simultaneously';
    findings.invalid(`${path}.targetWWNs`, targetWWNs, problem);
  }
  if (lun === undefined) findings.required(`${path}.lun`, 'lun is required if targetWWNs is specified');
  findings.inRange(`${path}.lun`, lun, 0, 255);
}

const LONGEST_TENANT = 64;

function checkQuobyte(findings: Findings, path: string, { registry = '', tenant = '' }: QuobyteVolumeSource): void {
  const pairs = 'must be a host:port pair or multiple pairs separated by commas';
  if (registry === '') findings.required(`${path}.registry`, pairs);
  else if (tenant.length > LONGEST_TENANT)
    findings.required(`${path}.tenant`, 'must be a UUID and may not exceed a length of 64 characters');
  else
    for (const pair of registry.split(','))
      if (!/^([^:[\]]*|\[[^[\]]*\]):[^:]*$/.test(pair)) findings.invalid(`${path}.registry`, registry, pairs);
}

const CACHING_MODES = ['None', 'ReadOnly', 'ReadWrite'];
const DISK_KINDS = ['Dedicated', 'Managed', 'Shared'];
const MANAGED = '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}';
const BLOB = 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd';

function checkAzureDisk(findings: Findings, path: string, source: AzureDiskVolumeSource): void {
  const { diskURI = '', cachingMode, kind } = source;
  if (cachingMode !== undefined) findings.oneOf(`${path}.cachingMode`, cachingMode, CACHING_MODES);
  if (kind === undefined) return;
  findings.oneOf(`${path}.kind`, kind, DISK_KINDS);
  const [prefix, form] = kind === 'Managed' ? ['/subscriptions/', MANAGED] : ['https://', BLOB];
  if (!diskURI.startsWith(prefix)) findings.notSupported(`${path}.diskURI`, diskURI, [form]);
}

function checkStorageOS(findings: Findings, path: string, source: StorageOSVolumeSource): void {
  const { volumeName, volumeNamespace, secretRef } = source;
  for (const [name, value] of Object.entries({ volumeName, volumeNamespace }))
    if (value) findings.name(`${path}.${name}`, 'label', value);
  checkSecretRef(findings, path, secretRef);
}

function checkFlexVolume(findings: Findings, path: string, { options = {} }: FlexVolumeSource): void {
  for (const option of Object.keys(options)) {
    const namespace = `.${(option.split('/', 1)[0] ?? '').toLowerCase()}`;
    if (namespace.endsWith('.kubernetes.io') || namespace.endsWith('.k8s.io'))
      findings.invalid(`${path}.options[${option}]`, option, 'kubernetes.io and k8s.io namespaces are reserved');
  }
}
