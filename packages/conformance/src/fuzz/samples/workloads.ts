// Workloads, and what guards them.
import { template } from './pods.js';
import { claimSpec, labels, metadata, sample, selector, type Sample } from './sample.js';

const jobSpec = {
  parallelism: 1,
  completions: 2,
  completionMode: 'Indexed',
  backoffLimitPerIndex: 1,
  maxFailedIndexes: 1,
  activeDeadlineSeconds: 600,
  ttlSecondsAfterFinished: 60,
  suspend: true,
  podReplacementPolicy: 'Failed',
  podFailurePolicy: {
    rules: [
      { action: 'FailJob', onExitCodes: { containerName: 'web', operator: 'In', values: [42] } },
      { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
    ],
  },
  template: template({ restartPolicy: 'Never' }),
};

export const workloads: readonly Sample[] = [
  sample('Deployment', 'apps/v1', 'Deployment', 'deployments', {
    metadata: metadata('fuzz'),
    spec: {
      replicas: 1,
      selector,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: 1 } },
      minReadySeconds: 5,
      progressDeadlineSeconds: 60,
      revisionHistoryLimit: 3,
      paused: true,
      template: template(),
    },
  }),
  sample('StatefulSet', 'apps/v1', 'StatefulSet', 'statefulsets', {
    metadata: metadata('fuzz'),
    spec: {
      replicas: 0,
      serviceName: 'web',
      selector,
      podManagementPolicy: 'Parallel',
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } },
      revisionHistoryLimit: 3,
      minReadySeconds: 1,
      ordinals: { start: 1 },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Retain' },
      template: template(),
      volumeClaimTemplates: [{ metadata: { name: 'data', labels }, spec: claimSpec }],
    },
  }),
  sample('DaemonSet', 'apps/v1', 'DaemonSet', 'daemonsets', {
    metadata: metadata('fuzz'),
    spec: {
      selector,
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
      minReadySeconds: 1,
      revisionHistoryLimit: 3,
      template: template(),
    },
  }),
  sample('Job', 'batch/v1', 'Job', 'jobs', { metadata: metadata('fuzz'), spec: jobSpec }),
  sample('Job, plain', 'batch/v1', 'Job', 'jobs', {
    metadata: metadata('fuzz-plain'),
    spec: { suspend: true, backoffLimit: 2, template: template({ restartPolicy: 'OnFailure' }) },
  }),
  sample('CronJob', 'batch/v1', 'CronJob', 'cronjobs', {
    metadata: metadata('fuzz'),
    spec: {
      schedule: '*/5 1-3 * JAN-FEB MON',
      timeZone: 'Europe/Berlin',
      concurrencyPolicy: 'Forbid',
      startingDeadlineSeconds: 100,
      suspend: true,
      successfulJobsHistoryLimit: 1,
      failedJobsHistoryLimit: 1,
      jobTemplate: { metadata: { labels }, spec: { template: template({ restartPolicy: 'Never' }) } },
    },
  }),
  sample('PodDisruptionBudget', 'policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets', {
    metadata: metadata('fuzz'),
    spec: { selector, minAvailable: '50%', unhealthyPodEvictionPolicy: 'AlwaysAllow' },
  }),
  sample('Deployment, recreated', 'apps/v1', 'Deployment', 'deployments', {
    metadata: metadata('fuzz-recreated'),
    spec: { replicas: 0, paused: true, selector, strategy: { type: 'Recreate' }, template: template() },
  }),
  sample('ReplicaSet', 'apps/v1', 'ReplicaSet', 'replicasets', {
    metadata: metadata('fuzz'),
    spec: { replicas: 0, minReadySeconds: 1, selector, template: template() },
  }),
  sample('StatefulSet, ordered', 'apps/v1', 'StatefulSet', 'statefulsets', {
    metadata: metadata('fuzz-ordered'),
    spec: {
      replicas: 0,
      serviceName: 'web',
      selector,
      podManagementPolicy: 'OrderedReady',
      updateStrategy: { type: 'OnDelete' },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Delete' },
      template: template({ tolerations: [{ operator: 'Exists' }] }),
    },
  }),
  sample('DaemonSet, by hand', 'apps/v1', 'DaemonSet', 'daemonsets', {
    metadata: metadata('fuzz-by-hand'),
    spec: {
      selector,
      updateStrategy: { type: 'OnDelete' },
      template: template({
        hostNetwork: true,
        hostPID: true,
        tolerations: [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule', operator: 'Exists' }],
        priorityClassName: 'system-node-critical',
      }),
    },
  }),
  sample('DaemonSet, surging', 'apps/v1', 'DaemonSet', 'daemonsets', {
    metadata: metadata('fuzz-surging'),
    spec: {
      selector,
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '50%', maxUnavailable: 0 } },
      template: template(),
    },
  }),
  sample('ControllerRevision', 'apps/v1', 'ControllerRevision', 'controllerrevisions', {
    metadata: metadata('fuzz'),
    data: { spec: { template: { metadata: { labels } } } },
    revision: 3,
  }),
  sample('PodDisruptionBudget, at most', 'policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets', {
    metadata: metadata('fuzz-at-most'),
    spec: { selector: {}, maxUnavailable: 1, unhealthyPodEvictionPolicy: 'IfHealthyBudget' },
  }),
  sample('PriorityClass', 'scheduling.k8s.io/v1', 'PriorityClass', '/priorityclasses', {
    metadata: metadata('fuzz-%'),
    value: 1000,
    globalDefault: false,
    description: 'for those who wait',
    preemptionPolicy: 'Never',
  }),
];
