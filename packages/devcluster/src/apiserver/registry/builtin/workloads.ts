// Deployment, ReplicaSet, StatefulSet, DaemonSet, Job, CronJob.
import {
  isTimeZone,
  parseSchedule,
  type ControllerRevision,
  type CronJob,
  type DaemonSet,
  type Deployment,
  type Job,
  type ReplicaSet,
  type StatefulSet,
} from '@stackwright/kube';
import type { JobSpec } from 'kubernetes-types/batch/v1.d.ts';
import type { PodTemplateSpec } from 'kubernetes-types/core/v1.d.ts';
import type { LabelSelector } from 'kubernetes-types/meta/v1.d.ts';
import { field, type FieldError } from '../../errors.js';
import { clone, equal } from '../../json.js';
import type { Strategy } from '../resource.js';
import { defaultPodTemplate } from './pod-defaults.js';
import { NOT_NEGATIVE, validatePodTemplate } from './pod-validation.js';

export const deploymentStrategy: Strategy<Deployment> = {
  generationFields: ['spec'],
  defaults({ spec }) {
    if (!spec) return;
    spec.replicas ??= 1;
    spec.strategy ??= {};
    spec.strategy.type ??= 'RollingUpdate';
    if (spec.strategy.type === 'RollingUpdate') {
      spec.strategy.rollingUpdate ??= {};
      spec.strategy.rollingUpdate.maxUnavailable ??= '25%';
      spec.strategy.rollingUpdate.maxSurge ??= '25%';
    }
    spec.revisionHistoryLimit ??= 10;
    spec.progressDeadlineSeconds ??= 600;
    defaultPodTemplate(spec.template);
  },
  validate({ spec }, old) {
    if (!spec) return [field.required('spec')];
    const errors = [
      ...notNegative(spec.replicas, 'spec.replicas'),
      ...notNegative(spec.minReadySeconds, 'spec.minReadySeconds'),
      ...selectorAndTemplate(spec.selector, spec.template, old?.spec?.selector),
      ...restartAlways(spec.template),
    ];
    const types = ['Recreate', 'RollingUpdate'];
    if (!types.includes(spec.strategy?.type ?? ''))
      errors.push(field.notSupported('spec.strategy.type', spec.strategy?.type, types));
    if (spec.strategy?.type === 'Recreate' && spec.strategy.rollingUpdate) {
      errors.push(
        field.forbidden('spec.strategy.rollingUpdate', "may not be specified when strategy `type` is 'Recreate'"),
      );
    }
    return errors;
  },
};

export const replicaSetStrategy: Strategy<ReplicaSet> = {
  generationFields: ['spec'],
  defaults({ spec }) {
    if (!spec) return;
    spec.replicas ??= 1;
    defaultPodTemplate(spec.template);
  },
  validate: ({ spec }, old) =>
    spec
      ? [
          ...notNegative(spec.replicas, 'spec.replicas'),
          ...selectorAndTemplate(spec.selector, spec.template, old?.spec?.selector),
          ...restartAlways(spec.template),
        ]
      : [field.required('spec')],
  fields: ({ status }) => ({ 'status.replicas': String(status?.replicas ?? 0) }),
};

export const statefulSetStrategy: Strategy<StatefulSet> = {
  generationFields: ['spec'],
  defaults({ spec }) {
    if (!spec) return;
    spec.replicas ??= 1;
    spec.podManagementPolicy ??= 'OrderedReady';
    spec.revisionHistoryLimit ??= 10;
    spec.updateStrategy ??= {};
    spec.updateStrategy.type ??= 'RollingUpdate';
    if (spec.updateStrategy.type === 'RollingUpdate') {
      spec.updateStrategy.rollingUpdate ??= {};
      spec.updateStrategy.rollingUpdate.partition ??= 0;
    }
    spec.persistentVolumeClaimRetentionPolicy ??= {};
    spec.persistentVolumeClaimRetentionPolicy.whenDeleted ??= 'Retain';
    spec.persistentVolumeClaimRetentionPolicy.whenScaled ??= 'Retain';
    for (const claim of spec.volumeClaimTemplates ?? []) {
      claim.apiVersion ??= 'v1';
      claim.kind ??= 'PersistentVolumeClaim';
      if (claim.spec) claim.spec.volumeMode ??= 'Filesystem';
      if (!claim.status) (claim as { status?: object }).status = { phase: 'Pending' };
    }
    defaultPodTemplate(spec.template);
  },
  validate({ spec }, old) {
    if (!spec) return [field.required('spec')];
    // The volumes of the claim templates are mounted without being in the template's list.
    const template = clone(spec.template);
    for (const { metadata } of spec.volumeClaimTemplates ?? []) {
      const name = metadata?.name ?? '';
      if (template.spec && !template.spec.volumes?.some((volume) => volume.name === name)) {
        (template.spec.volumes ??= []).push({ name, persistentVolumeClaim: { claimName: name } });
      }
    }
    const errors = [
      ...notNegative(spec.replicas, 'spec.replicas'),
      ...selectorAndTemplate(spec.selector, template, undefined),
      ...restartAlways(spec.template),
    ];
    if (old?.spec && !equal(fixedStatefulSet(spec), fixedStatefulSet(old.spec))) {
      errors.push(
        field.forbidden(
          'spec',
          "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
        ),
      );
    }
    return errors;
  },
};

function fixedStatefulSet(spec: NonNullable<StatefulSet['spec']>): object {
  const { serviceName, selector, podManagementPolicy, revisionHistoryLimit, volumeClaimTemplates = [] } = spec;
  return { serviceName: serviceName ?? '', selector, podManagementPolicy, revisionHistoryLimit, volumeClaimTemplates };
}

export const daemonSetStrategy: Strategy<DaemonSet> = {
  generationFields: ['spec'],
  defaults({ spec }) {
    if (!spec) return;
    spec.revisionHistoryLimit ??= 10;
    spec.updateStrategy ??= {};
    spec.updateStrategy.type ??= 'RollingUpdate';
    if (spec.updateStrategy.type === 'RollingUpdate') {
      spec.updateStrategy.rollingUpdate ??= {};
      spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1;
      spec.updateStrategy.rollingUpdate.maxSurge ??= 0;
    }
    defaultPodTemplate(spec.template);
  },
  prepareForCreate(set) {
    countTemplates(set, 1);
  },
  prepareForUpdate(set, old) {
    const before = Number(old.metadata?.annotations?.[TEMPLATE_GENERATION] ?? 1);
    countTemplates(set, equal(set.spec?.template, old.spec?.template) ? before : before + 1);
  },
  validate({ spec }, old) {
    if (!spec) return [field.required('spec')];
    const errors = [
      ...notNegative(spec.minReadySeconds, 'spec.minReadySeconds'),
      ...notNegative(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit'),
      ...selectorAndTemplate(spec.selector, spec.template, old?.spec?.selector),
      ...restartAlways(spec.template),
    ];
    const types = ['OnDelete', 'RollingUpdate'];
    const { type, rollingUpdate = {} } = spec.updateStrategy ?? {};
    if (!types.includes(type ?? '')) errors.push(field.notSupported('spec.updateStrategy.type', type, types));
    if (type === 'RollingUpdate') {
      const path = 'spec.updateStrategy.rollingUpdate';
      const none = (value: number | string | undefined): boolean => Number.parseInt(String(value ?? 0), 10) === 0;
      if (none(rollingUpdate.maxUnavailable) && none(rollingUpdate.maxSurge))
        errors.push(field.required(`${path}.maxUnavailable`, 'cannot be 0 when maxSurge is 0'));
      if (!none(rollingUpdate.maxUnavailable) && !none(rollingUpdate.maxSurge)) {
        errors.push(
          field.invalid(`${path}.maxSurge`, rollingUpdate.maxSurge, 'may not be set when maxUnavailable is non-zero'),
        );
      }
    }
    return errors;
  },
};

/** How many templates there were, for clients of old versions of the API. */
const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';

function countTemplates(set: DaemonSet, count: number): void {
  set.metadata = {
    ...set.metadata,
    annotations: { ...set.metadata?.annotations, [TEMPLATE_GENERATION]: String(count) },
  };
}

export const controllerRevisionStrategy: Strategy<ControllerRevision> = {
  defaults(revision) {
    revision.revision ??= 0;
  },
  validate: ({ data }, old) =>
    old && !equal(data, old.data) ? [field.invalid('data', '<value>', 'field is immutable')] : [],
};

export const jobStrategy: Strategy<Job> = {
  generationFields: ['spec'],
  defaults({ spec }) {
    if (spec) defaultJob(spec);
  },
  prepareForCreate(job) {
    const { metadata = {}, spec } = job;
    if (!spec || spec.manualSelector) return;
    const labels = {
      'batch.kubernetes.io/controller-uid': metadata.uid ?? '',
      'batch.kubernetes.io/job-name': metadata.name ?? '',
      'controller-uid': metadata.uid ?? '',
      'job-name': metadata.name ?? '',
    };
    spec.selector = { matchLabels: { 'batch.kubernetes.io/controller-uid': metadata.uid ?? '' } };
    spec.template.metadata = { ...spec.template.metadata, labels: { ...spec.template.metadata?.labels, ...labels } };
  },
  prepareForUpdate(job, old) {
    // Clients apply a Job without the selector that the server gave it.
    const { spec } = job;
    if (!spec || !old.spec) return;
    if (!spec.selector && old.spec.selector) spec.selector = clone(old.spec.selector);
    const given = old.spec.template.metadata?.labels;
    if (!spec.manualSelector && given) {
      spec.template.metadata = {
        ...spec.template.metadata,
        labels: { ...generated(given), ...spec.template.metadata?.labels },
      };
    }
  },
  validate({ spec }, old) {
    if (!spec) return [field.required('spec')];
    const errors = [
      ...notNegative(spec.parallelism, 'spec.parallelism'),
      ...notNegative(spec.completions, 'spec.completions'),
      ...notNegative(spec.backoffLimit, 'spec.backoffLimit'),
      ...selectorAndTemplate(spec.selector, spec.template, old?.spec?.selector),
    ];
    const policy = spec.template.spec?.restartPolicy;
    errors.push(...validateCompletion(spec), ...validateFailurePolicy(spec));
    if (policy === 'Always')
      errors.push(field.notSupported('spec.template.spec.restartPolicy', policy, ['OnFailure', 'Never']));
    if (old?.spec) {
      if (!equal(spec.template, old.spec.template) && !old.spec.suspend)
        errors.push(field.invalid('spec.template', '<template>', 'field is immutable'));
      if (spec.completions !== old.spec.completions)
        errors.push(field.invalid('spec.completions', spec.completions, 'field is immutable'));
    }
    return errors;
  },
  fields: ({ status }) => ({ 'status.successful': String(status?.succeeded ?? 0) }),
};

function validateCompletion({ completionMode, completions }: JobSpec): FieldError[] {
  const modes = ['NonIndexed', 'Indexed'];
  if (!modes.includes(completionMode ?? '')) return [field.notSupported('spec.completionMode', completionMode, modes)];
  return completionMode === 'Indexed' && completions === undefined
    ? [field.required('spec.completions', 'when completion mode is Indexed')]
    : [];
}

function validateFailurePolicy({ podFailurePolicy, template }: JobSpec): FieldError[] {
  if (!podFailurePolicy) return [];
  const errors: FieldError[] = [];
  const restart = template.spec?.restartPolicy;
  if (restart !== 'Never') {
    const problem = 'only "Never" is supported when podFailurePolicy is specified';
    errors.push(field.invalid('spec.template.spec.restartPolicy', restart, problem));
  }
  const actions = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
  for (const [index, { action, onExitCodes, onPodConditions }] of podFailurePolicy.rules.entries()) {
    const path = `spec.podFailurePolicy.rules[${index}]`;
    if (!actions.includes(action)) errors.push(field.notSupported(`${path}.action`, action, actions));
    if ((onExitCodes !== undefined) === (onPodConditions?.length ?? 0) > 0)
      errors.push(field.invalid(path, '', 'specifying one of OnExitCodes and OnPodConditions is required'));
    if (onExitCodes && !['In', 'NotIn'].includes(onExitCodes.operator))
      errors.push(field.notSupported(`${path}.onExitCodes.operator`, onExitCodes.operator, ['In', 'NotIn']));
    if (onExitCodes?.operator === 'In' && onExitCodes.values.includes(0))
      errors.push(field.invalid(`${path}.onExitCodes.values`, 0, 'must not be 0 for the In operator'));
  }
  return errors;
}

const generated = (labels: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(labels).filter(([name]) => /^(batch\.kubernetes\.io\/)?(controller-uid|job-name)$/.test(name)),
  );

function defaultJob(spec: JobSpec): void {
  if (spec.completions === undefined && spec.parallelism === undefined) {
    spec.completions = 1;
    spec.parallelism = 1;
  }
  spec.parallelism ??= 1;
  spec.backoffLimit ??= 6;
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  for (const rule of spec.podFailurePolicy?.rules ?? [])
    for (const condition of rule.onPodConditions ?? []) condition.status ??= 'True';
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed';
  defaultPodTemplate(spec.template);
}

export const cronJobStrategy: Strategy<CronJob> = {
  generationFields: ['spec'],
  defaults({ spec }) {
    if (!spec) return;
    spec.concurrencyPolicy ??= 'Allow';
    spec.suspend ??= false;
    spec.successfulJobsHistoryLimit ??= 3;
    spec.failedJobsHistoryLimit ??= 1;
    const job = spec.jobTemplate.spec;
    if (job) defaultPodTemplate(job.template);
  },
  validate({ metadata, spec }, old) {
    if (!spec) return [field.required('spec')];
    const template = spec.jobTemplate.spec?.template;
    const errors = [
      ...validatePodTemplate(template, 'spec.jobTemplate.spec.template'),
      ...validateSchedule(spec, old?.spec),
      ...notNegative(spec.startingDeadlineSeconds, 'spec.startingDeadlineSeconds'),
      ...notNegative(spec.successfulJobsHistoryLimit, 'spec.successfulJobsHistoryLimit'),
      ...notNegative(spec.failedJobsHistoryLimit, 'spec.failedJobsHistoryLimit'),
    ];
    // Its Jobs are called after it and the minute.
    if ((metadata?.name ?? '').length > 52)
      errors.push(field.invalid('metadata.name', metadata?.name, 'must be no more than 52 characters'));
    const policies = ['Allow', 'Forbid', 'Replace'];
    if (!policies.includes(spec.concurrencyPolicy ?? ''))
      errors.push(field.notSupported('spec.concurrencyPolicy', spec.concurrencyPolicy, policies));
    const restart = template?.spec?.restartPolicy;
    if (restart === 'Always') {
      const path = 'spec.jobTemplate.spec.template.spec.restartPolicy';
      errors.push(field.notSupported(path, restart, ['OnFailure', 'Never']));
    }
    return errors;
  },
};

function validateSchedule({ schedule, timeZone }: NonNullable<CronJob['spec']>, old: CronJob['spec']): FieldError[] {
  const errors: FieldError[] = [];
  if (!schedule) errors.push(field.required('spec.schedule'));
  else if (schedule !== old?.schedule) {
    try {
      parseSchedule(schedule);
    } catch (error) {
      errors.push(field.invalid('spec.schedule', schedule, error instanceof Error ? error.message : String(error)));
    }
  }
  if (timeZone !== undefined && timeZone !== old?.timeZone && !isTimeZone(timeZone)) {
    const problem = timeZone === '' ? 'timeZone must be nil or non-empty string' : `unknown time zone ${timeZone}`;
    errors.push(field.invalid('spec.timeZone', timeZone, problem));
  }
  return errors;
}

const notNegative = (value: number | undefined, path: string): FieldError[] =>
  value !== undefined && value < 0 ? [field.invalid(path, value, NOT_NEGATIVE)] : [];

/** What a workload selects must be what it makes, for ever. */
function selectorAndTemplate(
  selector: LabelSelector | undefined,
  template: PodTemplateSpec | undefined,
  old: LabelSelector | undefined,
): FieldError[] {
  const errors = validatePodTemplate(template, 'spec.template');
  const empty =
    Object.keys(selector?.matchLabels ?? {}).length === 0 && (selector?.matchExpressions ?? []).length === 0;
  if (!selector || empty) {
    errors.push(field.invalid('spec.selector', selector ?? {}, 'empty selector is invalid'));
    return errors;
  }
  const labels = template?.metadata?.labels ?? {};
  if (Object.entries(selector.matchLabels ?? {}).some(([name, value]) => labels[name] !== value)) {
    errors.push(field.invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'));
  }
  if (old && !equal(selector, old)) errors.push(field.invalid('spec.selector', selector, 'field is immutable'));
  return errors;
}

function restartAlways(template: PodTemplateSpec | undefined): FieldError[] {
  const policy = template?.spec?.restartPolicy;
  return policy === 'Always' ? [] : [field.notSupported('spec.template.spec.restartPolicy', policy, ['Always'])];
}
