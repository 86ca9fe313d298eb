// What to do about a root cause: in words, as a command, and where to read on.
import { reasons, type ReasonDoc } from '@stackwright/api';
import { groupOf, isOurGroup } from '../observe/objects.js';
import { rootOf, type Chain, type Link, type ObjectReference } from '@stackwright/graph';

export interface Advice {
  remedy?: string;
  /** To be run in a shell. */
  command?: string;
  /** Where what is wrong is written: in the object itself, or in the ControlPlane that writes it. To be run in a shell. */
  edit?: string;
  /** Path in the documentation. */
  document?: string;
}

/** `writtenBy`: the ControlPlane that writes an object, where one does. */
export function adviceFor(
  chain: Chain,
  namespace: string,
  writtenBy: (object: ObjectReference) => string | undefined = () => undefined,
): Advice {
  const root = rootOf(chain);
  if (root.state === 'Ready') return {};
  const owned = (link: Link) => isOurGroup(groupOf(link.object.apiVersion));
  // What Kubernetes says at the root is nearer to the cause than what ours above it makes of it.
  const ofKubernetes = owned(root) ? undefined : kubernetesRemedies[root.reason];
  const isVague = vague.has(root.reason);
  const documented = [...chain].reverse().find((link) => owned(link) && docOf(link.reason)?.remedy !== undefined);
  const missing = missingAdvice(chain, namespace);
  const ours = documented && docOf(documented.reason)?.remedy;
  const remedy = missing?.remedy ?? (isVague ? (ours ?? ofKubernetes) : (ofKubernetes ?? ours));
  return {
    ...(remedy === undefined ? {} : { remedy }),
    command: missing?.command ?? commandFor(root, namespace),
    // What a Pod or a Job of ours found out about a spec is mended in the spec.
    ...editOf(chain.findLast(owned) ?? root, namespace, writtenBy),
    ...(documented ? { document: `docs/reference/reasons.md#${documented.reason.toLowerCase()}` } : {}),
  };
}

export const docOf = (reason: string): ReasonDoc | undefined =>
  Object.hasOwn(reasons, reason) ? reasons[reason as keyof typeof reasons] : undefined;

/** What is wrong is in a spec: whose that is, when the coordinator owns it, the object's own words do not say. */
const ofSpec: ReadonlySet<string> = new Set(['InvalidSpec', 'InvalidConfig', 'UnsupportedRelease', 'Rejected']);

function editOf(
  { object, reason }: Link,
  namespace: string,
  writtenBy: (object: ObjectReference) => string | undefined,
): Pick<Advice, 'edit'> {
  if (!ofSpec.has(reason) || !isOurGroup(groupOf(object.apiVersion))) return {};
  const kubectl = `kubectl -n ${object.namespace ?? namespace} edit`;
  const plane = writtenBy(object);
  if (plane === undefined) return { edit: `${kubectl} ${resourceName(object.apiVersion, object.kind)} ${object.name}` };
  return { edit: `${kubectl} controlplane ${plane}   (its spec.services.${object.name}, or spec.infrastructure)` };
}

/** A Secret that is named and not there: what it is for says how it is made. */
function missingAdvice(chain: Chain, namespace: string): { remedy?: string; command: string } | undefined {
  const root = rootOf(chain);
  const asking = chain.at(-2);
  if (root.state !== 'Missing' || root.object.kind !== 'Secret') return undefined;
  const { name } = root.object;
  const kubectl = `kubectl -n ${root.object.namespace ?? namespace}`;
  // It was ours, and needs no label. The remedy of the reason says the rest.
  if (asking?.reason === 'PasswordLost') {
    return {
      command: `${kubectl} create secret generic ${name} ${name.endsWith('-keys') ? '--from-file=…' : '--from-literal=password=…'}`,
    };
  }
  const service =
    asking && isOurGroup(groupOf(asking.object.apiVersion)) ? asking.object.kind.toLowerCase() : undefined;
  const label = service === undefined ? '' : ` && ${kubectl} label secret ${name} stackwright.dev/usable-by=${service}`;
  if (asking?.step === 'Tls' || /\bspec\.tls\b/.test(asking?.message ?? '')) {
    return {
      remedy:
        'Make the Secret with the certificate and its key, and offer it to the service by its label; or have cert-manager make it.',
      command: `${kubectl} create secret tls ${name} --cert=… --key=…${label}`,
    };
  }
  return { command: `${kubectl} create secret generic ${name} --from-literal=…${label}` };
}

/** What ours above them say more of. */
const vague: ReadonlySet<string> = new Set([
  'BackoffLimitExceeded',
  'Completed',
  'CrashLoopBackOff',
  'Error',
  'NotReady',
]);

/** Reasons of Kubernetes itself, and those of the walk, which have no page of ours. */
const kubernetesRemedies: Readonly<Record<string, string>> = {
  Unschedulable:
    'The message counts the nodes by what each lacks: free or add CPU or memory, lower `resources.requests`, tolerate the taint, or widen nodeSelector and affinity.',
  SchedulingGated: 'Something holds the Pod back on purpose (spec.schedulingGates): see who set it.',
  FailedCreate:
    'A policy, a quota or Pod security refuses the Pod: change what the message names, in the policy or in the spec.',
  ReplicaFailure: 'The API server refuses the Pods: change what the message names, in the policy or in the spec.',
  ScaledToZero: 'Scale it up again: kubectl scale --replicas=1.',
  RolloutPaused: 'Resume it: kubectl rollout resume.',
  Suspended: 'Set spec.suspend of the Job to false.',
  CrashLoopBackOff: 'The container ends again and again: its log of the run before says why.',
  Error: 'The container ended with an error: its log says why.',
  Completed: 'The container ended by itself, and should run on: its command, or its log, says why.',
  OOMKilled: 'The container needs more memory than its limit: raise `resources.limits.memory`.',
  Evicted:
    'The node ran out of what the message names, and gave the Pod up: free it, or ask for more in `resources.requests`.',
  ErrImagePull: 'Correct the image, or give the node access to its registry; it is tried again by itself.',
  ImagePullBackOff: 'Correct the image, or give the node access to its registry; it is tried again by itself.',
  ErrImageNeverPull: 'Bring the image to the node: nothing may pull it. `stackwright images` says how.',
  InvalidImageName: 'Correct the name of the image.',
  CreateContainerConfigError: 'Create the Secret, ConfigMap or key that the message names.',
  CreateContainerError: 'See the message: a command or a mount that is not there.',
  RunContainerError: 'See the message: the command does not exist in the image, mostly.',
  FailedMount: 'Create the Secret or ConfigMap that the message names, or look at the volume and its driver.',
  FailedAttachVolume:
    'The volume is held by another node, or its driver cannot attach it: look at the PersistentVolumeClaim and the driver.',
  Unbound:
    'No volume fits the claim: name a StorageClass that exists (or make one the default), or provide a volume of its size and access mode.',
  BackoffLimitExceeded: 'The Job failed as often as it may: the log of its Pod says why.',
  DeadlineExceeded: 'The Job took longer than it may: look at what it waits for.',
  ProgressDeadlineExceeded: 'No new Pod became ready in time: look at the newest one and its log.',
  NotReady: 'The container runs, and its readiness probe fails: its log says what it waits for.',
  Terminating: 'It ends when its containers have, and its finalizers are off.',
};

function commandFor({ object, state, reason, container, restarted }: Link, namespace: string): string {
  const kubectl = `kubectl -n ${object.namespace ?? namespace}`;
  const { kind, name } = object;
  if (state === 'Missing') return `${kubectl} get ${resourceName(object.apiVersion, kind)}`;
  if (reason === 'ScaledToZero') return `${kubectl} scale ${kind.toLowerCase()} ${name} --replicas=1`;
  if (reason === 'RolloutPaused') return `${kubectl} rollout resume ${kind.toLowerCase()} ${name}`;
  if (kind === 'Pod' && container !== undefined && (['Completed', 'Error', 'NotReady'].includes(reason) || restarted)) {
    return `${kubectl} logs ${name} -c ${container}${restarted ? ' --previous' : ''}`;
  }
  return `${kubectl} describe ${resourceName(object.apiVersion, kind)} ${name}`;
}

const resourceName = (apiVersion: string, kind: string): string => {
  const group = groupOf(apiVersion);
  return isOurGroup(group) ? `${kind}.${group}`.toLowerCase() : kind.toLowerCase();
};
