import type {
  Ingress,
  IngressClass,
  Lease,
  NetworkPolicy,
  PodDisruptionBudget,
  PriorityClass,
  RoleBinding,
  StorageClass,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhookConfiguration,
} from '@stackwright/kube';
import { selectorText } from '../../../subresources/scale.js';
import type { Column } from '../../resource.js';
import { AGE, column, NAME, number, text } from './common.js';

export const leaseColumns: readonly Column[] = [
  NAME,
  column<Lease>('Holder', ({ spec }) => spec?.holderIdentity ?? ''),
  AGE,
];

export const ingressColumns: readonly Column[] = [
  NAME,
  column<Ingress>('Class', ({ metadata, spec }) =>
    text(spec?.ingressClassName ?? metadata?.annotations?.['kubernetes.io/ingress.class']),
  ),
  column<Ingress>(
    'Hosts',
    ({ spec }) =>
      (spec?.rules ?? [])
        .map(({ host }) => host ?? '')
        .filter(Boolean)
        .join(',') || '*',
  ),
  column<Ingress>('Address', ({ status }) =>
    (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname ?? '').join(','),
  ),
  column<Ingress>('Ports', ({ spec }) => (spec?.tls?.length ? '80, 443' : '80')),
  AGE,
];

export const ingressClassColumns: readonly Column[] = [
  NAME,
  column<IngressClass>('Controller', ({ spec }) => spec?.controller ?? ''),
  column<IngressClass>('Parameters', ({ spec }) =>
    text(
      spec?.parameters &&
        `${spec.parameters.kind}${spec.parameters.apiGroup ? `.${spec.parameters.apiGroup}` : ''}/${spec.parameters.name}`,
    ),
  ),
  AGE,
];

export const networkPolicyColumns: readonly Column[] = [
  NAME,
  column<NetworkPolicy>('Pod-Selector', ({ spec }) => text(selectorText(spec?.podSelector))),
  AGE,
];

const budget = (value: number | string | undefined): string => (value === undefined ? 'N/A' : String(value));

export const disruptionBudgetColumns: readonly Column[] = [
  NAME,
  column<PodDisruptionBudget>('Min Available', ({ spec }) => budget(spec?.minAvailable)),
  column<PodDisruptionBudget>('Max Unavailable', ({ spec }) => budget(spec?.maxUnavailable)),
  column<PodDisruptionBudget>('Allowed Disruptions', ({ status }) => status?.disruptionsAllowed ?? 0, number),
  AGE,
];

const CREATED: Column = { name: 'Created At', type: 'date', value: ({ metadata }) => metadata.creationTimestamp };

export const roleColumns: readonly Column[] = [NAME, CREATED];

export const bindingColumns: readonly Column[] = [
  NAME,
  column<RoleBinding>('Role', ({ roleRef }) => `${roleRef.kind}/${roleRef.name}`),
  AGE,
  ...(['User', 'Group', 'ServiceAccount'] as const).map((kind) =>
    column<RoleBinding>(
      kind === 'ServiceAccount' ? 'ServiceAccounts' : `${kind}s`,
      ({ subjects }) =>
        (subjects ?? [])
          .filter((subject) => subject.kind === kind)
          .map(({ name, namespace }) => (kind === 'ServiceAccount' ? `${namespace ?? ''}/${name}` : name))
          .join(', '),
      { wide: true },
    ),
  ),
];

export const definitionColumns: readonly Column[] = [NAME, CREATED];

export const webhookColumns: readonly Column[] = [
  NAME,
  column<ValidatingWebhookConfiguration>('Webhooks', ({ webhooks }) => webhooks?.length ?? 0, number),
  AGE,
];

export const policyColumns: readonly Column[] = [
  NAME,
  column<ValidatingAdmissionPolicy>('Validations', ({ spec }) => spec?.validations?.length ?? 0, number),
  column<ValidatingAdmissionPolicy>('ParamKind', ({ spec }) =>
    spec?.paramKind ? `${spec.paramKind.apiVersion ?? ''}/${spec.paramKind.kind ?? ''}` : '<unset>',
  ),
  AGE,
];

export const policyBindingColumns: readonly Column[] = [
  NAME,
  column<ValidatingAdmissionPolicyBinding>('PolicyName', ({ spec }) => spec?.policyName ?? ''),
  column<ValidatingAdmissionPolicyBinding>('ParamRef', ({ spec }) =>
    spec?.paramRef ? `${spec.paramRef.namespace ?? '*'}/${spec.paramRef.name ?? '*'}` : '<unset>',
  ),
  AGE,
];

export const priorityClassColumns: readonly Column[] = [
  NAME,
  column<PriorityClass>('Value', ({ value }) => value, number),
  column<PriorityClass>('Global-Default', ({ globalDefault }) => globalDefault ?? false, { type: 'boolean' }),
  AGE,
  column<PriorityClass>('PreemptionPolicy', ({ preemptionPolicy }) => preemptionPolicy ?? ''),
];

export const storageClassColumns: readonly Column[] = [
  {
    ...NAME,
    value: ({ metadata }) =>
      metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true'
        ? `${metadata.name ?? ''} (default)`
        : metadata.name,
  },
  column<StorageClass>('Provisioner', ({ provisioner }) => provisioner),
  column<StorageClass>('ReclaimPolicy', ({ reclaimPolicy }) => reclaimPolicy ?? 'Delete'),
  column<StorageClass>('VolumeBindingMode', ({ volumeBindingMode }) => volumeBindingMode ?? 'Immediate'),
  column<StorageClass>('AllowVolumeExpansion', ({ allowVolumeExpansion }) => String(allowVolumeExpansion ?? false)),
  AGE,
];
