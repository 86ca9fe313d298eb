// A simulated node by itself, for tests of its programs.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ContainerSpec, ContainerStatus, Mount } from '../runtime.js';
import { SimulatedRuntime } from './runtime.js';

export class TestNode {
  readonly directory: string;
  readonly runtime: SimulatedRuntime;

  private constructor(directory: string) {
    this.directory = directory;
    this.runtime = this.another();
  }

  static async start(): Promise<TestNode> {
    const node = new TestNode(await mkdtemp(join(tmpdir(), 'simulated-')));
    await node.runtime.start();
    return node;
  }

  /** As after the end of the process: another runtime over the same directory. */
  another(): SimulatedRuntime {
    const { directory } = this;
    return new SimulatedRuntime({ repository: directory, directory, apiServer: 'http://127.0.0.1:1' });
  }

  async stop(): Promise<void> {
    await this.runtime.teardown();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** A Pod of one container. */
  async run(
    overrides: Partial<ContainerSpec>,
    runtime: SimulatedRuntime = this.runtime,
  ): Promise<{ ip: string; status: ContainerStatus }> {
    const podUid = overrides.podUid ?? 'pod';
    const pod = { podUid, namespace: 'test', podName: podUid, hostname: podUid, hostNetwork: false, hostAliases: [] };
    const { ip } = await runtime.createSandbox(pod);
    return { ip, status: await runtime.runContainer(spec(overrides)) };
  }

  /** Writes a file, and says how a container sees it. */
  async file(containerPath: string, content: string): Promise<Mount> {
    const hostPath = join(this.directory, 'files', containerPath);
    await mkdir(dirname(hostPath), { recursive: true });
    await writeFile(hostPath, content);
    return { hostPath, containerPath, readOnly: true };
  }

  /** A directory that containers may write. */
  async volume(containerPath: string): Promise<Mount> {
    const hostPath = join(this.directory, 'volumes', containerPath);
    await mkdir(hostPath, { recursive: true });
    return { hostPath, containerPath, readOnly: false };
  }

  async ended(id: string, runtime: SimulatedRuntime = this.runtime): Promise<ContainerStatus> {
    for (;;) {
      // Asked for before looking: what changes in between is not missed.
      let off = (): void => undefined;
      const changed = new Promise<void>((resolve) => {
        off = runtime.onChange(() => resolve());
      });
      try {
        const found = (await runtime.containers()).find((container) => container.id === id);
        if (found?.state.phase === 'exited') return found;
        await changed;
      } finally {
        off();
      }
    }
  }
}

const spec = (overrides: Partial<ContainerSpec>): ContainerSpec => ({
  podUid: 'pod',
  namespace: 'test',
  podName: 'pod',
  name: 'main',
  attempt: 0,
  image: 'localhost/stackwright/base:1',
  env: [],
  mounts: [],
  ports: [],
  supplementalGroups: [],
  readOnlyRootFilesystem: true,
  privileged: false,
  allowPrivilegeEscalation: false,
  capabilities: { add: [], drop: [] },
  tty: false,
  ...overrides,
});
