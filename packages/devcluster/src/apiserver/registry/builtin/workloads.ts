// Deployment, ReplicaSet, StatefulSet, DaemonSet, Job, CronJob.
import type {
  ControllerRevision,
  CronJob,
  DaemonSet,
  Deployment,
  Job,
  ReplicaSet,
  StatefulSet,
} from '@stackwright/kube';
import type { JobSpec } from 'kubernetes-types/batch/v1.d.ts';
import { equal } from '../../json.js';
import { found, IMMUTABLE } from '../../validation/findings.js';
import { checkCronJob, checkJob, JOB_LABELS } from '../../validation/jobs.js';
import { checkDaemonSet, checkDeployment, checkReplicaSet, checkStatefulSet } from '../../validation/workloads.js';
import type { Strategy } from '../resource.js';
import { defaultPodTemplate } from './pod-defaults.js';
import { setStatus } from './pods.js';

export const deploymentStrategy: Strategy<Deployment> = {
  reportsMissing: true,
  generationFields: ['spec', 'metadata.annotations'],
  statusHasAnnotations: true,
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
  prepareForCreate(deployment) {
    setStatus(deployment, {});
  },
  validate: ({ spec }, old) => found((findings) => spec && checkDeployment(findings, spec, old?.spec)),
};

export const replicaSetStrategy: Strategy<ReplicaSet> = {
  reportsMissing: true,
  generationFields: ['spec'],
  defaults({ spec }) {
    if (!spec) return;
    spec.replicas ??= 1;
    spec.template ??= {};
    defaultPodTemplate(spec.template);
  },
  prepareForCreate(set) {
    setStatus(set, { replicas: 0 });
  },
  validate: ({ spec }, old) => found((findings) => spec && checkReplicaSet(findings, spec, old?.spec)),
  fields: ({ status }) => ({ 'status.replicas': String(status?.replicas ?? 0) }),
};

export const statefulSetStrategy: Strategy<StatefulSet> = {
  reportsMissing: true,
  generationFields: ['spec'],
  defaults({ spec }) {
    if (!spec) return;
    spec.replicas ??= 1;
    spec.podManagementPolicy ??= 'OrderedReady';
    spec.revisionHistoryLimit ??= 10;
    spec.updateStrategy ??= {};
    if (!spec.updateStrategy.type) {
      spec.updateStrategy.type = 'RollingUpdate';
      spec.updateStrategy.rollingUpdate ??= {};
    }
    if (spec.updateStrategy.type === 'RollingUpdate' && spec.updateStrategy.rollingUpdate)
      spec.updateStrategy.rollingUpdate.partition ??= 0;
    if (spec.ordinals) spec.ordinals.start ??= 0;
    spec.persistentVolumeClaimRetentionPolicy ??= {};
    spec.persistentVolumeClaimRetentionPolicy.whenDeleted ??= 'Retain';
    spec.persistentVolumeClaimRetentionPolicy.whenScaled ??= 'Retain';
    for (const claim of spec.volumeClaimTemplates ?? []) {
      // Whatever was said: a template is of nothing else.
      claim.apiVersion = 'v1';
      claim.kind = 'PersistentVolumeClaim';
      if (claim.spec) claim.spec.volumeMode ??= 'Filesystem';
      const { phase = 'Pending', ...status } = claim.status ?? {};
      (claim as { status?: object }).status = { ...status, phase };
    }
    defaultPodTemplate(spec.template);
  },
  prepareForCreate(set) {
    dropUnsupported(set);
    setStatus(set, { replicas: 0, availableReplicas: 0 });
  },
  prepareForUpdate(set) {
    dropUnsupported(set);
  },
  validate: ({ spec }, old) => found((findings) => spec && checkStatefulSet(findings, spec, old?.spec)),
};

/** A field of a feature that is off until it is asked for. */
function dropUnsupported({ spec }: StatefulSet): void {
  delete spec?.updateStrategy?.rollingUpdate?.maxUnavailable;
}

export const daemonSetStrategy: Strategy<DaemonSet> = {
  reportsMissing: true,
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
    } else if (spec.updateStrategy.rollingUpdate) {
      // Given where it means nothing: it has Go's zeros.
      spec.updateStrategy.rollingUpdate.maxUnavailable ??= 0;
      spec.updateStrategy.rollingUpdate.maxSurge ??= 0;
    }
    defaultPodTemplate(spec.template);
  },
  prepareForCreate(set) {
    countTemplates(set, 1);
    setStatus(set, {
      currentNumberScheduled: 0,
      numberMisscheduled: 0,
      desiredNumberScheduled: 0,
      numberReady: 0,
    });
  },
  prepareForUpdate(set, old) {
    const before = Number(old.metadata?.annotations?.[TEMPLATE_GENERATION] ?? 1);
    countTemplates(set, equal(set.spec?.template, old.spec?.template) ? before : before + 1);
  },
  validate: ({ spec }, old) => found((findings) => spec && checkDaemonSet(findings, spec, old?.spec)),
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
  validate: ({ data, revision }, old) =>
    found((findings) => {
      if (old && !equal(data, old.data)) findings.invalid('data', old.data ?? null, IMMUTABLE);
      if (!old && data === undefined) findings.required('data', 'data is mandatory');
      findings.notNegative('revision', revision);
    }),
};

export const jobStrategy: Strategy<Job> = {
  reportsMissing: true,
  generationFields: ['spec'],
  defaults(job) {
    const { metadata = {}, spec } = job;
    if (!spec) return;
    defaultJob(spec);
    spec.manualSelector ??= false;
    const { labels } = spec.template.metadata ?? {};
    // Not a copy: as long as the two are one, the Job has no labels of its own.
    if (labels && Object.keys(metadata.labels ?? {}).length === 0) job.metadata = { ...metadata, labels };
  },
  prepareForCreate(job) {
    const { metadata = {}, spec } = job;
    setStatus(job, {});
    if (!spec || spec.manualSelector) return;
    const { uid = '', name = '' } = metadata;
    const labels = {
      [JOB_LABELS.controllerUid]: uid,
      [JOB_LABELS.jobName]: name,
      [JOB_LABELS.legacyControllerUid]: uid,
      [JOB_LABELS.legacyJobName]: name,
    };
    // What the user gave instead stays, for the rules to refuse.
    const given = spec.template.metadata?.labels;
    spec.template.metadata = { ...spec.template.metadata, labels: { ...labels, ...given } };
    spec.selector = {
      ...spec.selector,
      matchLabels: { [JOB_LABELS.controllerUid]: uid, ...spec.selector?.matchLabels },
    };
    // A Job without labels of its own has those of its Pods, the server's among them.
    if (metadata.labels === given) job.metadata = { ...metadata, labels: { ...labels, ...given } };
  },
  validate: (job, old, { subresource }) =>
    found((findings) => subresource !== 'status' && checkJob(findings, job, old)),
  fields: ({ status }) => ({ 'status.successful': String(status?.succeeded ?? 0) }),
};

/** As good as no limit. */
const MAX_INT32 = 2 ** 31 - 1;

function defaultJob(spec: JobSpec): void {
  if (spec.completions === undefined && spec.parallelism === undefined) {
    spec.completions = 1;
    spec.parallelism = 1;
  }
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : MAX_INT32;
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  for (const rule of spec.podFailurePolicy?.rules ?? [])
    for (const condition of rule.onPodConditions ?? []) condition.status ||= 'True';
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed';
  defaultPodTemplate(spec.template);
}

export const cronJobStrategy: Strategy<CronJob> = {
  reportsMissing: true,
  generationFields: ['spec'],
  defaults({ spec }) {
    if (!spec) return;
    spec.concurrencyPolicy ??= 'Allow';
    spec.suspend ??= false;
    spec.successfulJobsHistoryLimit ??= 3;
    spec.failedJobsHistoryLimit ??= 1;
    // The rest of a Job's defaults come when there is one.
    spec.jobTemplate.spec ??= { template: {} };
    const job = spec.jobTemplate.spec;
    for (const rule of job.podFailurePolicy?.rules ?? [])
      for (const condition of rule.onPodConditions ?? []) condition.status ||= 'True';
    defaultPodTemplate(job.template);
  },
  prepareForCreate(cron) {
    setStatus(cron, {});
  },
  validate: (cron, old) => found((findings) => checkCronJob(findings, cron, old)),
};
