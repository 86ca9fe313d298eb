// Namespaces, nodes, configuration, volumes and accounts.
import type {
  ConfigMap,
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Secret,
  ServiceAccount,
} from '@stackwright/kube';
import { field, type FieldError } from '../../errors.js';
import { clone } from '../../json.js';
import { checkClaimSpec, checkClaimUpdate } from '../../validation/claims.js';
import { checkConfigMap, checkSecret } from '../../validation/data.js';
import { found } from '../../validation/findings.js';
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

export const secretStrategy: Strategy<Secret> = {
  defaults(secret) {
    secret.type ??= 'Opaque';
    if (!secret.stringData) return;
    secret.data ??= {};
    for (const [key, value] of Object.entries(secret.stringData))
      secret.data[key] = Buffer.from(value).toString('base64');
    delete secret.stringData;
  },
  validate: (secret, old) => found((findings) => checkSecret(findings, secret, old)),
  fields: ({ type }) => ({ type: type ?? '' }),
};

export const configMapStrategy: Strategy<ConfigMap> = {
  validate: (config, old) => found((findings) => checkConfigMap(findings, config, old)),
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
  reportsMissing: true,
  defaults({ spec }) {
    if (spec) spec.volumeMode ??= 'Filesystem';
  },
  prepareForCreate(claim) {
    setStatus(claim, { phase: 'Pending' });
  },
  validate: (claim, old, { subresource }) =>
    found((findings) => {
      if (subresource === 'status') return;
      checkClaimSpec(findings, 'spec', claim.spec ?? {});
      if (old) checkClaimUpdate(findings, claim, old);
    }),
};
