import type {
  ConfigMap,
  CoreEvent,
  Endpoints,
  EndpointSlice,
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Secret,
  Service,
  ServiceAccount,
} from '@stackwright/kube';
import { selectorText } from '../../../subresources/scale.js';
import { age } from '../../../table.js';
import type { Column } from '../../resource.js';
import { AGE, column, NAME, number, text } from './common.js';

export const namespaceColumns: readonly Column[] = [
  NAME,
  column<Namespace>('Status', ({ status }) => status?.phase ?? ''),
  AGE,
];

function nodeState({ status, spec }: Node): string {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const state = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
  return spec?.unschedulable ? `${state},SchedulingDisabled` : state;
}

const nodeAddress = ({ status }: Node, wanted: string): string =>
  text(status?.addresses?.find(({ type }) => type === wanted)?.address);

export const nodeColumns: readonly Column[] = [
  NAME,
  column<Node>('Status', nodeState),
  column<Node>('Roles', ({ metadata }) => {
    const prefix = 'node-role.kubernetes.io/';
    const roles = Object.keys(metadata?.labels ?? {}).filter((label) => label.startsWith(prefix));
    return text(
      roles
        .map((label) => label.slice(prefix.length))
        .sort()
        .join(','),
    );
  }),
  AGE,
  column<Node>('Version', ({ status }) => status?.nodeInfo?.kubeletVersion ?? ''),
  column<Node>('Internal-IP', (node) => nodeAddress(node, 'InternalIP'), { wide: true }),
  column<Node>('External-IP', (node) => nodeAddress(node, 'ExternalIP'), { wide: true }),
  column<Node>('OS-Image', ({ status }) => status?.nodeInfo?.osImage ?? '<unknown>', { wide: true }),
  column<Node>('Kernel-Version', ({ status }) => status?.nodeInfo?.kernelVersion ?? '<unknown>', { wide: true }),
  column<Node>('Container-Runtime', ({ status }) => status?.nodeInfo?.containerRuntimeVersion ?? '<unknown>', {
    wide: true,
  }),
];

export const secretColumns: readonly Column[] = [
  NAME,
  column<Secret>('Type', ({ type }) => type ?? ''),
  column<Secret>('Data', ({ data }) => Object.keys(data ?? {}).length, number),
  AGE,
];

export const configMapColumns: readonly Column[] = [
  NAME,
  column<ConfigMap>(
    'Data',
    ({ data, binaryData }) => Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length,
    number,
  ),
  AGE,
];

export const serviceColumns: readonly Column[] = [
  NAME,
  column<Service>('Type', ({ spec }) => spec?.type ?? ''),
  column<Service>('Cluster-IP', ({ spec }) => text(spec?.clusterIP)),
  column<Service>('External-IP', ({ spec, status }) => {
    if (spec?.type === 'ExternalName') return spec.externalName ?? '';
    const given = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname ?? '');
    const all = [...given, ...(spec?.externalIPs ?? [])].join(',');
    return all === '' && spec?.type === 'LoadBalancer' ? '<pending>' : text(all);
  }),
  column<Service>('Port(s)', ({ spec }) =>
    text(
      (spec?.ports ?? [])
        .map(({ port, nodePort, protocol }) => `${port}${nodePort ? `:${nodePort}` : ''}/${protocol ?? 'TCP'}`)
        .join(','),
    ),
  ),
  AGE,
  column<Service>('Selector', ({ spec }) => text(selectorText({ matchLabels: spec?.selector ?? {} })), { wide: true }),
];

export const serviceAccountColumns: readonly Column[] = [
  NAME,
  column<ServiceAccount>('Secrets', ({ secrets }) => secrets?.length ?? 0, number),
  AGE,
];

/** The first three, and how many more there are. */
function abbreviated(items: readonly string[]): string {
  const more = items.length - 3;
  return text(`${items.slice(0, 3).join(',')}${more > 0 ? ` + ${more} more...` : ''}`);
}

export const endpointsColumns: readonly Column[] = [
  NAME,
  column<Endpoints>('Endpoints', ({ subsets }) =>
    abbreviated(
      (subsets ?? []).flatMap(({ addresses = [], ports = [] }) =>
        addresses.flatMap(({ ip }) => ports.map(({ port }) => `${ip}:${port}`)),
      ),
    ),
  ),
  AGE,
];

export const endpointSliceColumns: readonly Column[] = [
  NAME,
  column<EndpointSlice>('AddressType', ({ addressType }) => addressType),
  column<EndpointSlice>('Ports', ({ ports }) => abbreviated((ports ?? []).map(({ port }) => String(port ?? '*')))),
  column<EndpointSlice>('Endpoints', ({ endpoints }) =>
    abbreviated((endpoints ?? []).flatMap(({ addresses }) => addresses)),
  ),
  AGE,
];

const MODES: Record<string, string> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};
const modes = (list: readonly string[] | undefined): string =>
  (list ?? []).map((mode) => MODES[mode] ?? mode).join(',');

export const volumeColumns: readonly Column[] = [
  NAME,
  column<PersistentVolume>('Capacity', ({ spec }) => spec?.capacity?.['storage'] ?? ''),
  column<PersistentVolume>('Access Modes', ({ spec }) => modes(spec?.accessModes)),
  column<PersistentVolume>('Reclaim Policy', ({ spec }) => spec?.persistentVolumeReclaimPolicy ?? ''),
  column<PersistentVolume>('Status', ({ status, metadata }) =>
    metadata?.deletionTimestamp === undefined ? (status?.phase ?? '') : 'Terminating',
  ),
  column<PersistentVolume>('Claim', ({ spec }) =>
    spec?.claimRef ? `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}` : '',
  ),
  column<PersistentVolume>('StorageClass', ({ spec }) => spec?.storageClassName ?? ''),
  column<PersistentVolume>('Reason', ({ status }) => status?.reason ?? ''),
  AGE,
];

export const claimColumns: readonly Column[] = [
  NAME,
  column<PersistentVolumeClaim>('Status', ({ status, metadata }) =>
    metadata?.deletionTimestamp === undefined ? (status?.phase ?? '') : 'Terminating',
  ),
  column<PersistentVolumeClaim>('Volume', ({ spec }) => spec?.volumeName ?? ''),
  column<PersistentVolumeClaim>('Capacity', ({ status }) => status?.capacity?.['storage'] ?? ''),
  column<PersistentVolumeClaim>('Access Modes', ({ status }) => modes(status?.accessModes)),
  column<PersistentVolumeClaim>('StorageClass', ({ spec }) => spec?.storageClassName ?? ''),
  AGE,
  column<PersistentVolumeClaim>('VolumeMode', ({ spec }) => spec?.volumeMode ?? '', { wide: true }),
];

const lastSeen = (event: CoreEvent): string | undefined =>
  event.series?.lastObservedTime ??
  event.lastTimestamp ??
  event.eventTime ??
  event.firstTimestamp ??
  event.metadata.creationTimestamp;

export const eventColumns: readonly Column[] = [
  column<CoreEvent>('Last Seen', (event, now) => age(lastSeen(event), now)),
  column<CoreEvent>('Type', ({ type }) => type ?? ''),
  column<CoreEvent>('Reason', ({ reason }) => reason ?? ''),
  column<CoreEvent>(
    'Object',
    ({ involvedObject }) => `${(involvedObject.kind ?? '').toLowerCase()}/${involvedObject.name ?? ''}`,
  ),
  column<CoreEvent>('Subobject', ({ involvedObject }) => involvedObject.fieldPath ?? '', { wide: true }),
  column<CoreEvent>('Source', ({ source, reportingComponent }) => source?.component ?? reportingComponent ?? '', {
    wide: true,
  }),
  column<CoreEvent>('Message', ({ message }) => (message ?? '').trim()),
  column<CoreEvent>(
    'First Seen',
    (event, now) => age(event.firstTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp, now),
    { wide: true },
  ),
  column<CoreEvent>('Count', ({ series, count }) => series?.count ?? count ?? 1, { wide: true }),
  column<CoreEvent>('Name', ({ metadata }) => metadata.name, { wide: true, format: 'name' }),
];
