// Namespaces, nodes, configuration, volumes and accounts.
import {
  compareQuantities,
  type ConfigMap,
  type Namespace,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Secret,
  type ServiceAccount,
} from '@stackwright/kube';
import { field, type FieldError } from '../../errors.js';
import { clone, equal } from '../../json.js';
import type { Strategy } from '../resource.js';
import { setStatus } from './pods.js';

export const namespaceStrategy: Strategy<Namespace> = {
  prepareForCreate(namespace) {
    const metadata = (namespace.metadata ??= {});
    metadata.labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name ?? '' };
    namespace.spec = { finalizers: ['kubernetes'] };
    setStatus(namespace, { phase: 'Active' });
  },
  prepareForUpdate(namespace, old, { subresource }) {
    const metadata = (namespace.metadata ??= {});
    metadata.labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name ?? '' };
    // Only /finalize changes them.
    if (old.spec && subresource !== 'finalize') namespace.spec = clone(old.spec);
  },
  prepareForDelete(namespace) {
    setStatus(namespace, { ...namespace.status, phase: 'Terminating' });
  },
  holdsDeletion: ({ spec }) => (spec?.finalizers ?? []).length > 0,
  fields: ({ status }) => ({ 'status.phase': status?.phase ?? '' }),
};

export const nodeStrategy: Strategy<Node> = {
  fields: ({ spec }) => ({ 'spec.unschedulable': String(spec?.unschedulable ?? false) }),
};

const DATA_KEY = /^[-._a-zA-Z0-9]+$/;

function validateKeys(data: Record<string, string> | undefined, path: string): FieldError[] {
  return Object.keys(data ?? {}).flatMap((key) =>
    DATA_KEY.test(key) && key.length <= 253 && key !== '.' && key !== '..'
      ? []
      : [
          field.invalid(
            `${path}[${key}]`,
            key,
            "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
          ),
        ],
  );
}

const MAX_DATA = 1024 * 1024;

function validateSize(parts: readonly (Record<string, string> | undefined)[], path: string): FieldError[] {
  let size = 0;
  for (const part of parts) for (const value of Object.values(part ?? {})) size += value.length;
  return size > MAX_DATA ? [field.tooLong(path, MAX_DATA)] : [];
}

const IMMUTABLE = 'field is immutable when `immutable` is set';

export const secretStrategy: Strategy<Secret> = {
  defaults(secret) {
    secret.type ??= 'Opaque';
    if (!secret.stringData) return;
    secret.data ??= {};
    for (const [key, value] of Object.entries(secret.stringData))
      secret.data[key] = Buffer.from(value).toString('base64');
    delete secret.stringData;
  },
  validate(secret, old) {
    const errors = [...validateKeys(secret.data, 'data'), ...validateSize([secret.data], 'data')];
    for (const [type, keys] of Object.entries(REQUIRED_KEYS)) {
      if (secret.type !== type) continue;
      for (const key of keys) if (secret.data?.[key] === undefined) errors.push(field.required(`data[${key}]`));
    }
    if (old && old.type !== secret.type) errors.push(field.invalid('type', secret.type, 'field is immutable'));
    if (old?.immutable) {
      if (!secret.immutable) errors.push(field.forbidden('immutable', IMMUTABLE));
      if (!equal(secret.data, old.data)) errors.push(field.forbidden('data', IMMUTABLE));
    }
    return errors;
  },
  fields: ({ type }) => ({ type: type ?? '' }),
};

const REQUIRED_KEYS: Record<string, readonly string[]> = {
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
};

export const configMapStrategy: Strategy<ConfigMap> = {
  validate(config, old) {
    const errors = [
      ...validateKeys(config.data, 'data'),
      ...validateKeys(config.binaryData, 'binaryData'),
      ...validateSize([config.data, config.binaryData], ''),
    ];
    for (const key of Object.keys(config.binaryData ?? {})) {
      if (config.data?.[key] !== undefined)
        errors.push(field.invalid(`data[${key}]`, key, 'duplicate of key present in binaryData'));
    }
    if (old?.immutable) {
      if (!config.immutable) errors.push(field.forbidden('immutable', IMMUTABLE));
      if (!equal(config.data, old.data)) errors.push(field.forbidden('data', IMMUTABLE));
      if (!equal(config.binaryData, old.binaryData)) errors.push(field.forbidden('binaryData', IMMUTABLE));
    }
    return errors;
  },
};

export const serviceAccountStrategy: Strategy<ServiceAccount> = {};

export const volumeStrategy: Strategy<PersistentVolume> = {
  defaults({ spec }) {
    if (!spec) return;
    spec.persistentVolumeReclaimPolicy ??= 'Retain';
    spec.volumeMode ??= 'Filesystem';
    if (spec.claimRef) {
      spec.claimRef.apiVersion ??= 'v1';
      spec.claimRef.kind ??= 'PersistentVolumeClaim';
    }
    if (spec.hostPath) spec.hostPath.type ??= '';
  },
  prepareForCreate(volume) {
    setStatus(volume, { phase: 'Pending' });
  },
  validate({ spec }) {
    const errors: FieldError[] = [];
    if (!spec?.accessModes?.length) errors.push(field.required('spec.accessModes'));
    if (spec?.capacity?.['storage'] === undefined) errors.push(field.required('spec.capacity'));
    return errors;
  },
};

export const claimStrategy: Strategy<PersistentVolumeClaim> = {
  defaults({ spec }) {
    if (spec) spec.volumeMode ??= 'Filesystem';
  },
  prepareForCreate(claim) {
    setStatus(claim, { phase: 'Pending' });
  },
  validate({ spec }, old) {
    if (!spec) return [field.required('spec')];
    const errors = resizeErrors(spec, old);
    if (!spec.accessModes?.length)
      errors.push(field.required('spec.accessModes', 'at least 1 access mode is required'));
    if (spec.resources?.requests?.['storage'] === undefined) errors.push(field.required('spec.resources[storage]'));
    if (old?.spec && !equal(fixedClaim(spec, old.spec), fixedClaim(old.spec, spec))) {
      errors.push(
        field.forbidden(
          'spec',
          'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
        ),
      );
    }
    return errors;
  },
};

/** Claims never shrink below what they have. Whether they may grow is for admission to say. */
function resizeErrors(
  spec: NonNullable<PersistentVolumeClaim['spec']>,
  old: PersistentVolumeClaim | undefined,
): FieldError[] {
  const [wanted, had] = [spec, old?.spec].map((each) => each?.resources?.requests?.['storage']);
  if (wanted === undefined || had === undefined || compareQuantities(wanted, had) >= 0) return [];
  return compareQuantities(wanted, old?.status?.capacity?.['storage'] ?? had) < 0
    ? [field.forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity')]
    : [];
}

/** The binder fills in what the user left open: volume and class, once. */
function fixedClaim(
  spec: NonNullable<PersistentVolumeClaim['spec']>,
  other: NonNullable<PersistentVolumeClaim['spec']>,
): object {
  const copy = clone(spec);
  delete copy.resources;
  if (!copy.volumeName || !other.volumeName) delete copy.volumeName;
  if (copy.storageClassName === undefined || other.storageClassName === undefined) delete copy.storageClassName;
  return copy;
}
