import { Pod } from '@stackwright/kube';
import type { Container } from 'kubernetes-types/core/v1.d.ts';
import type { Stored } from '../shared/objects.js';
import type { EnvContext } from './env.js';
import { serviceEnv, variablesOf } from './service-env.js';
import { runtimeName, type NodeContext } from './node-context.js';
import type { ContainerStatus } from './runtime.js';

/** What the parts of a Pod's worker share: the Pod as it is now, and what the runtime has of it. */
export class PodScope {
  readonly node: NodeContext;
  readonly uid: string;
  /** With the ServiceAccount's token mounted. */
  pod: Stored<Pod>;
  /** By container id. */
  readonly #images = new Map<string, string>();

  constructor(node: NodeContext, pod: Stored<Pod>) {
    this.node = node;
    this.pod = pod;
    this.uid = pod.metadata.uid;
  }

  containers(): Container[] {
    const { initContainers = [], containers = [], ephemeralContainers = [] } = this.pod.spec ?? {};
    return [...initContainers, ...containers, ...ephemeralContainers];
  }

  container(name: string): Container | undefined {
    return this.containers().find((container) => container.name === name);
  }

  /** A container's attempts, oldest first. */
  history(name: string): readonly ContainerStatus[] {
    return this.node.view.containersOf(this.uid).filter((status) => status.name === name);
  }

  latest(name: string): ContainerStatus | undefined {
    return this.history(name).at(-1);
  }

  running(): ContainerStatus[] {
    return this.node.view.containersOf(this.uid).filter(({ state }) => state.phase === 'running');
  }

  /**
   * The image that a container was started from, by the name that the Pod gave it: runtimes may know it by another.
   * From an earlier process it is known by the status that it wrote.
   */
  imageOf(status: ContainerStatus): string | undefined {
    const {
      initContainerStatuses = [],
      containerStatuses = [],
      ephemeralContainerStatuses = [],
    } = this.pod.status ?? {};
    const written = [...initContainerStatuses, ...containerStatuses, ...ephemeralContainerStatuses].find(
      ({ containerID }) => containerID === this.idOf(status),
    );
    return this.#images.get(status.id) ?? written?.image;
  }

  /** To be told of every container that is started. */
  noteImage(status: ContainerStatus, image: string): void {
    this.#images.set(status.id, image);
  }

  /** As the API names it: "podman://…". */
  idOf(status: ContainerStatus): string {
    return `${runtimeName(this.node.facts)}://${status.id}`;
  }

  podIP(): string {
    return this.node.view.sandboxOf(this.uid)?.ip ?? this.pod.status?.podIP ?? '';
  }

  /** Seconds. */
  grace(): number {
    return this.pod.spec?.terminationGracePeriodSeconds ?? 30;
  }

  envContext(): EnvContext {
    const { stores, facts, nodeIp, apiServer } = this.node;
    const { namespace } = this.pod.metadata;
    const services = this.pod.spec?.enableServiceLinks === false ? [] : stores.services.list(namespace);
    return {
      pod: this.pod,
      addresses: { podIP: this.podIP(), hostIP: nodeIp },
      node: facts,
      sources: {
        secret: (namespace, name) => stores.secrets.get({ namespace, name }),
        configMap: (namespace, name) => stores.configMaps.get({ namespace, name }),
      },
      defaults: {
        ...serviceEnv(services),
        ...variablesOf({
          name: 'kubernetes',
          host: apiServer.host,
          ports: [{ name: 'https', port: apiServer.port }],
        }),
      },
    };
  }

  record(type: 'Normal' | 'Warning', reason: string, message: string, container?: Container): void {
    const list =
      (['initContainers', 'ephemeralContainers'] as const).find((each) =>
        this.pod.spec?.[each]?.some(({ name }) => name === container?.name),
      ) ?? 'containers';
    this.node.events.record(Pod, this.pod, type, reason, message, container && `spec.${list}{${container.name}}`);
  }
}
