// Claims of storage, and the templates of such.
import { compareQuantities, quantityNanos, type PersistentVolumeClaim } from '@stackwright/kube';
import type {
  PersistentVolumeClaimSpec,
  TypedLocalObjectReference,
  TypedObjectReference,
} from 'kubernetes-types/core/v1.d.ts';
import { clone, equal } from '../json.js';
import { IMMUTABLE, type Findings } from './findings.js';

const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
const VOLUME_MODES = ['Block', 'Filesystem'];

export function checkClaimSpec(findings: Findings, path: string, spec: PersistentVolumeClaimSpec): void {
  const { accessModes = [], resources, storageClassName = '', volumeMode, dataSource, dataSourceRef } = spec;
  const modes = `${path}.accessModes`;
  if (accessModes.length === 0) findings.required(modes, 'at least 1 access mode is required');
  for (const mode of accessModes) findings.oneOf(modes, mode, ACCESS_MODES);
  const known = accessModes.filter((mode) => ACCESS_MODES.includes(mode));
  if (known.includes('ReadWriteOncePod') && known.some((mode) => mode !== 'ReadWriteOncePod'))
    findings.forbidden(modes, 'may not use ReadWriteOncePod with other access modes');

  const size = resources?.requests?.['storage'];
  if (size === undefined) findings.required(`${path}.resources[storage]`);
  else if (quantityNanos(size) <= 0n) findings.invalid(`${path}.resources[storage]`, size, 'must be greater than zero');

  if (storageClassName !== '') findings.name(`${path}.storageClassName`, 'subdomain', storageClassName);
  if (volumeMode !== undefined) findings.oneOf(`${path}.volumeMode`, volumeMode, VOLUME_MODES);
  if (spec.volumeAttributesClassName)
    findings.name(`${path}.volumeAttributesClassName`, 'subdomain', spec.volumeAttributesClassName);
  if (dataSource) checkSource(findings, `${path}.dataSource`, dataSource);
  if (dataSourceRef) checkSource(findings, `${path}.dataSourceRef`, dataSourceRef);
  if (dataSourceRef?.namespace) {
    findings.name(`${path}.dataSourceRef.namespace`, 'label', dataSourceRef.namespace);
    if (dataSource) findings.invalid(path, {}, 'may not be specified when dataSourceRef.namespace is specified');
  } else if (dataSource && dataSourceRef && !equal(dataSource, dataSourceRef)) {
    findings.invalid(path, {}, 'must match dataSourceRef');
  }
}

function checkSource(
  findings: Findings,
  path: string,
  { apiGroup = '', kind, name }: TypedLocalObjectReference | TypedObjectReference,
): void {
  findings.present(`${path}.name`, name);
  findings.present(`${path}.kind`, kind);
  if (apiGroup !== '') findings.name(`${path}.apiGroup`, 'subdomain', apiGroup);
  else if (kind !== 'PersistentVolumeClaim')
    findings.invalid(path, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
}

export function checkClaimUpdate(findings: Findings, claim: PersistentVolumeClaim, old: PersistentVolumeClaim): void {
  const { spec = {} } = claim;
  const { spec: before = {} } = old;
  if (!equal(comparable(claim, before), before)) {
    findings.forbidden(
      'spec',
      'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
    );
  }
  const [wanted = '0', had = '0'] = [spec, before].map(({ resources }) => resources?.requests?.['storage']);
  const capacity = old.status?.capacity?.['storage'] ?? '0';
  if (compareQuantities(wanted, had) < 0 && compareQuantities(wanted, capacity) <= 0)
    findings.forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity');
  if (spec.volumeMode !== before.volumeMode) findings.invalid('volumeMode', spec.volumeMode ?? null, IMMUTABLE);
}

/** The specification with what may differ from the former one put back to what it was. */
function comparable({ spec = {}, status }: PersistentVolumeClaim, old: PersistentVolumeClaimSpec): object {
  const copy = clone(spec);
  // Volume and class are filled in once, by the binder or by who left them open.
  if (!old.volumeName) restore(copy, old, 'volumeName');
  if (old.storageClassName === undefined) restore(copy, old, 'storageClassName');
  if (status?.phase !== 'Bound') return copy;
  restore(copy, old, 'volumeAttributesClassName');
  const size = old.resources?.requests?.['storage'];
  if (copy.resources?.requests && size !== undefined) copy.resources.requests['storage'] = size;
  return copy;
}

function restore<K extends keyof PersistentVolumeClaimSpec>(
  spec: PersistentVolumeClaimSpec,
  old: PersistentVolumeClaimSpec,
  name: K,
): void {
  if (old[name] === undefined) delete spec[name];
  else spec[name] = old[name];
}
