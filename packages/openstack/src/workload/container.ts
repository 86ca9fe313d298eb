// The container in which a service's command runs: what Jobs and Deployments of services have in common.
import { restricted, type Container, type PodSpec } from '@stackwright/graph';
import type { Resources } from '@stackwright/api';
import { resourcesOf } from './resources.js';
import { volumesOf, type Mount } from './mounts.js';
import type { schedulingOf } from './scheduling.js';

export type EnvVar = {
  name: string;
} & (
  | {
      /** Never a secret: mount those. */
      value: string;
    }
  | {
      /** Of the Pod's own: "metadata.name", "spec.nodeName", "status.hostIP". */
      fieldPath: string;
    }
);

export interface ServicePod {
  /** Of the container. */
  name: string;
  image: string;
  user: { uid: number; gid: number };
  command: readonly string[];
  mounts: readonly Mount[];
  env: readonly EnvVar[];
  /** Directories besides these that must be writable: /tmp, /var/tmp and /run are. */
  writable: readonly string[];
  resources: Resources;
  /** Where it runs: see `schedulingOf`. */
  scheduling: ReturnType<typeof schedulingOf>;
  /** Ports, probes, lifecycle. */
  container?: Partial<Container>;
}

const scratch = ['/tmp', '/var/tmp', '/run'];

/** Every container's, and those given. */
export function writableMounts(paths: readonly string[]): Mount[] {
  return [...new Set([...scratch, ...paths])].map((path) => ({ path, scratch: 'Disk' }));
}

export function servicePod(pod: ServicePod): PodSpec {
  const { volumes, volumeMounts } = volumesOf([...pod.mounts, ...writableMounts(pod.writable)]);
  const container: Container = {
    name: pod.name,
    image: pod.image,
    command: [...pod.command],
    ...(pod.env.length > 0 ? { env: pod.env.map(variableOf) } : {}),
    volumeMounts,
    resources: resourcesOf(pod.resources),
    ...pod.container,
  };
  return restricted({ containers: [container], volumes, ...pod.scheduling }, pod.user);
}

/** The apiVersion of a field is what a server fills in: without it every look would find a difference. */
function variableOf(variable: EnvVar): NonNullable<Container['env']>[number] {
  const { name } = variable;
  if ('value' in variable) return { name, value: variable.value };
  return { name, valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: variable.fieldPath } } };
}
