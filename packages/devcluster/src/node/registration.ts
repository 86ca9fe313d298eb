import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { isAlreadyExists, isNotFound, Lease, Namespace, Node } from '@stackwright/kube';
import type { NodeCondition, NodeStatus } from 'kubernetes-types/core/v1.d.ts';
import { rfc3339, rfc3339Micro, type Timer } from '../shared/clock.js';
import { messageOf } from '../shared/log.js';
import { sameValue, type Stored } from '../shared/objects.js';
import { runtimeName, type NodeContext } from './node-context.js';

const LEASE_NAMESPACE = 'kube-node-lease';
/** Seconds after which a node without a sign of life counts as gone. */
const LEASE_DURATION = 40;
const MAX_PODS = 110;
/** What the API is compatible with, as `kubectl get nodes` shows it. */
const KUBELET_VERSION = 'v1.32.0-stackwright';

/** The Node object, and the Lease that says that it is alive. */
export class Registration {
  readonly #node: NodeContext;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(node: NodeContext) {
    this.#node = node;
  }

  async start(): Promise<void> {
    await this.#register();
    await this.#beat();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #register(): Promise<void> {
    const { client, nodeName: name } = this.#node;
    const wanted = {
      apiVersion: 'v1' as const,
      kind: 'Node' as const,
      metadata: { name, labels: this.#labels(), annotations: this.#annotations() },
    };
    let node: Stored<Node>;
    try {
      node = (await client.create(Node, wanted)) as Stored<Node>;
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const { labels, annotations } = wanted.metadata;
      node = (await client.patch(
        Node,
        { name },
        { type: 'merge', body: { metadata: { labels, annotations } } },
      )) as Stored<Node>;
    }
    const status = this.#status(node);
    if (!sameValue(status, node.status)) await client.update(Node, { ...node, status }, { subresource: 'status' });
  }

  #labels(): Record<string, string> {
    const { facts, nodeName } = this.#node;
    return {
      'kubernetes.io/hostname': nodeName,
      'kubernetes.io/os': 'linux',
      'kubernetes.io/arch': architecture(),
      'stackwright.dev/node': runtimeName(facts),
    };
  }

  /** What the host cannot do: for people who wonder why a limit does not bite. */
  #annotations(): Record<string, string> {
    return { 'stackwright.dev/limitations': this.#node.facts.limitations.join('\n') };
  }

  #status(node: Stored<Node>): NodeStatus {
    const { facts, nodeIp, nodeName, clock } = this.#node;
    const capacity = {
      cpu: String(facts.cpus),
      memory: `${Math.floor(facts.memoryBytes / 1024)}Ki`,
      pods: String(MAX_PODS),
    };
    const now = rfc3339(clock.now());
    const condition = (type: string, status: string, reason: string, message: string): NodeCondition => {
      const known = node.status?.conditions?.find((item) => item.type === type);
      if (known?.status === status && known.reason === reason && known.message === message) return known;
      const lastTransitionTime = known?.status === status ? (known.lastTransitionTime ?? now) : now;
      return { type, status, reason, message, lastHeartbeatTime: now, lastTransitionTime };
    };
    return {
      ...node.status,
      capacity,
      allocatable: capacity,
      addresses: [
        { type: 'InternalIP', address: nodeIp },
        { type: 'Hostname', address: nodeName },
      ],
      conditions: [
        condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
        condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
        condition('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
        condition('Ready', 'True', 'KubeletReady', `node agent is running with ${facts.description}`),
      ],
      nodeInfo: {
        architecture: architecture(),
        bootID: '',
        containerRuntimeVersion: facts.description.split(' ').slice(0, 2).join('://'),
        kernelVersion: release(),
        kubeletVersion: KUBELET_VERSION,
        kubeProxyVersion: '',
        machineID: nodeName,
        operatingSystem: 'linux',
        osImage: facts.simulated ? 'simulated' : distribution(),
        systemUUID: '',
      },
    };
  }

  async #beat(): Promise<void> {
    this.#timer = undefined;
    try {
      await this.#renew();
    } catch (error) {
      this.#node.log.warn('heartbeat failed', { error: messageOf(error) });
    }
    if (!this.#stopped) this.#timer = this.#node.clock.schedule(this.#node.settings.heartbeat, () => void this.#beat());
  }

  async #renew(): Promise<void> {
    const { client, nodeName: name, clock } = this.#node;
    const renewTime = rfc3339Micro(clock.now());
    const body = { spec: { holderIdentity: name, leaseDurationSeconds: LEASE_DURATION, renewTime } };
    try {
      await client.patch(Lease, { namespace: LEASE_NAMESPACE, name }, { type: 'merge', body });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      await ignoreExisting(
        client.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: LEASE_NAMESPACE } }),
      );
      const metadata = { namespace: LEASE_NAMESPACE, name };
      await ignoreExisting(
        client.create(Lease, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, ...body }),
      );
    }
  }
}

/** As Go names it. */
function architecture(): string {
  const names: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', ia32: '386' };
  return names[process.arch] ?? process.arch;
}

/** "Debian GNU/Linux 13 (trixie)". */
function distribution(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux';
  } catch {
    return 'Linux';
  }
}

async function ignoreExisting(creation: Promise<unknown>): Promise<void> {
  try {
    await creation;
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}
