import type {
  ControllerRevision,
  CronJob,
  DaemonSet,
  Deployment,
  Job,
  ReplicaSet,
  StatefulSet,
} from '@stackwright/kube';
import { age, duration } from '../../../table.js';
import type { Column } from '../../resource.js';
import { AGE, column, NAME, NONE, number, templateColumns, text } from './common.js';

export const deploymentColumns: readonly Column[] = [
  NAME,
  column<Deployment>('Ready', ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`),
  column<Deployment>('Up-to-date', ({ status }) => status?.updatedReplicas ?? 0, number),
  column<Deployment>('Available', ({ status }) => status?.availableReplicas ?? 0, number),
  AGE,
  ...templateColumns<Deployment>(),
];

export const replicaSetColumns: readonly Column[] = [
  NAME,
  column<ReplicaSet>('Desired', ({ spec }) => spec?.replicas ?? 0, number),
  column<ReplicaSet>('Current', ({ status }) => status?.replicas ?? 0, number),
  column<ReplicaSet>('Ready', ({ status }) => status?.readyReplicas ?? 0, number),
  AGE,
  ...templateColumns<ReplicaSet>(),
];

export const statefulSetColumns: readonly Column[] = [
  NAME,
  column<StatefulSet>('Ready', ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`),
  AGE,
  ...templateColumns<StatefulSet>().slice(0, 2),
];

export const daemonSetColumns: readonly Column[] = [
  NAME,
  column<DaemonSet>('Desired', ({ status }) => status?.desiredNumberScheduled ?? 0, number),
  column<DaemonSet>('Current', ({ status }) => status?.currentNumberScheduled ?? 0, number),
  column<DaemonSet>('Ready', ({ status }) => status?.numberReady ?? 0, number),
  column<DaemonSet>('Up-to-date', ({ status }) => status?.updatedNumberScheduled ?? 0, number),
  column<DaemonSet>('Available', ({ status }) => status?.numberAvailable ?? 0, number),
  column<DaemonSet>('Node Selector', ({ spec }) => {
    const selector = Object.entries(spec?.template.spec?.nodeSelector ?? {});
    return text(selector.map(([name, value]) => `${name}=${value}`).join(','));
  }),
  AGE,
  ...templateColumns<DaemonSet>(),
];

function jobState({ status, spec, metadata }: Job): string {
  const holds = (type: string): boolean =>
    status?.conditions?.some((item) => item.type === type && item.status === 'True') ?? false;
  if (holds('Complete')) return 'Complete';
  if (holds('Failed')) return 'Failed';
  if (metadata?.deletionTimestamp !== undefined) return 'Terminating';
  if (spec?.suspend) return 'Suspended';
  return holds('FailureTarget') ? 'FailureTarget' : 'Running';
}

export const jobColumns: readonly Column[] = [
  NAME,
  column<Job>('Status', jobState),
  column<Job>('Completions', ({ spec, status }) => {
    if (spec?.completions !== undefined) return `${status?.succeeded ?? 0}/${spec.completions}`;
    const parallelism = spec?.parallelism ?? 0;
    return parallelism > 1 ? `${status?.succeeded ?? 0}/1 of ${parallelism}` : `${status?.succeeded ?? 0}/1`;
  }),
  column<Job>('Duration', ({ status }, now) => {
    if (status?.startTime === undefined) return '';
    return duration(
      (status.completionTime === undefined ? now : Date.parse(status.completionTime)) - Date.parse(status.startTime),
    );
  }),
  AGE,
  ...templateColumns<Job>(),
];

export const cronJobColumns: readonly Column[] = [
  NAME,
  column<CronJob>('Schedule', ({ spec }) => spec?.schedule ?? ''),
  column<CronJob>('Timezone', ({ spec }) => text(spec?.timeZone)),
  column<CronJob>('Suspend', ({ spec }) => (spec?.suspend ? 'True' : 'False')),
  column<CronJob>('Active', ({ status }) => status?.active?.length ?? 0, number),
  column<CronJob>('Last Schedule', ({ status }, now) =>
    status?.lastScheduleTime === undefined ? NONE : age(status.lastScheduleTime, now),
  ),
  AGE,
];

export const controllerRevisionColumns: readonly Column[] = [
  NAME,
  column<ControllerRevision>('Controller', ({ metadata }) => {
    const owner = metadata?.ownerReferences?.find((reference) => reference.controller);
    return owner ? `${owner.kind.toLowerCase()}.${owner.apiVersion.split('/')[0] ?? ''}/${owner.name}` : NONE;
  }),
  column<ControllerRevision>('Revision', ({ revision }) => revision, number),
  AGE,
];
