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
import type { PersistentVolumeClaimSpec } from 'kubernetes-types/core/v1.d.ts';
import { field, type FieldError } from '../../errors.js';
import { clone } from '../../json.js';
import { qualifiedNameProblems } from '../../schema/formats.js';
import { BARE_FINALIZER, invalidEach, isBareFinalizer } from '../../schema/names.js';
import { checkClaimSpec, checkClaimUpdate } from '../../validation/claims.js';
import { checkConfigMap, checkSecret } from '../../validation/data.js';
import { found } from '../../validation/findings.js';
import type { Strategy } from '../resource.js';
import { setStatus } from './pods.js';

export const namespaceStrategy: Strategy<Namespace> = {
  prepareForCreate(namespace) {
    const metadata = (namespace.metadata ??= {});
    metadata.labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name ?? '' };
    namespace.spec = { finalizers: [...new Set([...(namespace.spec?.finalizers ?? []), 'kubernetes'])] };
    setStatus(namespace, { phase: 'Active' });
  },
  prepareForUpdate(namespace, old, { subresource }) {
    const metadata = (namespace.metadata ??= {});
    metadata.labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name ?? '' };
    // Only /finalize changes them.
    if (old.spec && subresource !== 'finalize') namespace.spec = clone(old.spec);
  },
  validate: ({ spec }) =>
    (spec?.finalizers ?? []).flatMap((name) => [
      ...invalidEach('spec.finalizers', name, qualifiedNameProblems(name)),
      ...(isBareFinalizer(name) ? [field.invalid('spec.finalizers', name, BARE_FINALIZER)] : []),
    ]),
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

export const serviceAccountStrategy: Strategy<ServiceAccount> = {
  prepareForCreate: nameSecretsOnly,
  prepareForUpdate: nameSecretsOnly,
};

/** The Secrets are in its namespace: nothing but their names is kept. */
function nameSecretsOnly(account: ServiceAccount): void {
  if (account.secrets) account.secrets = account.secrets.map(({ name }) => (name === undefined ? {} : { name }));
}

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
    if (claim.spec) settleSources(claim.spec, undefined);
    setStatus(claim, { phase: 'Pending' });
  },
  prepareForUpdate({ spec }, old, { subresource }) {
    if (spec && subresource !== 'status') settleSources(spec, old.spec);
  },
  validate: (claim, old, { subresource }) =>
    found((findings) => {
      if (subresource === 'status') return;
      checkClaimSpec(findings, 'spec', claim.spec ?? {});
      if (old) checkClaimUpdate(findings, claim, old);
    }),
};

const SNAPSHOTS = 'snapshot.storage.k8s.io';

/** What a volume is filled from is said in two fields, the older of which knows claims and snapshots only. */
function settleSources(spec: PersistentVolumeClaimSpec, old: PersistentVolumeClaimSpec | undefined): void {
  // Of a feature that is off until it is asked for.
  if (spec.dataSourceRef?.namespace && !old?.dataSourceRef) delete spec.dataSourceRef;
  const { dataSource, dataSourceRef } = spec;
  if (dataSource && !dataSourceRef) {
    const { apiGroup = '', kind, name } = dataSource;
    const known =
      (kind === 'PersistentVolumeClaim' && apiGroup === '') || (kind === 'VolumeSnapshot' && apiGroup === SNAPSHOTS);
    if (!known && !old?.dataSource && !old?.dataSourceRef) delete spec.dataSource;
    else spec.dataSourceRef = { ...(dataSource.apiGroup === undefined ? {} : { apiGroup }), kind, name };
  } else if (dataSourceRef && !dataSource && !dataSourceRef.namespace) {
    spec.dataSource = clone(dataSourceRef);
  }
}
