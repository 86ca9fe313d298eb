// Against real podman; part of `npm run e2e`. Needs root and the image `base`. Leaves nothing behind.
import { createServer, type AddressInfo } from 'node:net';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AddressPlan } from '../../network/address-plan.js';
import { DnsServer } from '../../network/dns.js';
import { ServiceProxy } from '../../network/service-proxy.js';
import type { ContainerSpec, ContainerStatus, LogOptions, SandboxSpec } from '../runtime.js';
import { clusterAddresses } from './addresses.js';
import { runCommand } from './command.js';
import { Podman } from './podman.js';
import { PodmanRuntime } from './runtime.js';

const IMAGE = 'localhost/stackwright/base:trixie';
const clusterId = `live-${process.pid}`;

describe('Pods on podman', { timeout: 60_000 }, () => {
  let directory: string;
  let addresses: AddressPlan;
  let hostBefore: unknown;
  let runtime: PodmanRuntime;
  const starting = (): PodmanRuntime => new PodmanRuntime({ clusterId, directory, addresses, probeImage: IMAGE });

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'podman-live-'));
    addresses = await clusterAddresses(join(directory, 'addresses.json'));
    hostBefore = await hostNetwork();
    runtime = starting();
    await runtime.start();
  }, 60_000);

  afterAll(async () => {
    await runtime.teardown();
    expect(await new Podman().list(`dev.stackwright.devcluster=${clusterId}`)).toEqual([]);
    expect(await hostNetwork()).toEqual(hostBefore);
    await rm(directory, { recursive: true, force: true });
  }, 60_000);

  /** What is left of a cluster would show here. */
  async function hostNetwork(): Promise<unknown> {
    const ip = async (...args: string[]): Promise<string> => (await runCommand('ip', args)).stdout;
    const links = (JSON.parse(await ip('-json', 'link')) as { ifname: string }[]).map(({ ifname }) => ifname);
    return { links, routes: await ip('-4', 'route', 'show', 'table', 'all'), namespaces: await ip('netns', 'list') };
  }

  let count = 0;
  async function pod(changes: Partial<SandboxSpec> = {}): Promise<{ uid: string; ip: string }> {
    const uid = `uid-${(count += 1)}`;
    const spec: SandboxSpec = {
      podUid: uid,
      namespace: 'default',
      podName: `pod-${count}`,
      hostname: `pod-${count}`,
      hostNetwork: false,
      dns: { nameserver: addresses.dnsIp, searches: ['default.svc.cluster.local'], options: ['ndots:5'] },
      hostAliases: [],
      ...changes,
    };
    return { uid, ip: (await runtime.createSandbox(spec)).ip };
  }

  function container(podUid: string, script: string, changes: Partial<ContainerSpec> = {}): ContainerSpec {
    return {
      podUid,
      namespace: 'default',
      podName: podUid,
      name: 'main',
      attempt: 0,
      image: IMAGE,
      command: ['bash', '-c', script],
      env: [],
      mounts: [],
      ports: [],
      user: 1000,
      group: 1000,
      supplementalGroups: [],
      readOnlyRootFilesystem: true,
      privileged: false,
      allowPrivilegeEscalation: false,
      capabilities: { add: [], drop: ['ALL'] },
      tty: false,
      ...changes,
    };
  }

  const stateOf = async ({ id }: ContainerStatus) => (await runtime.containers()).find((each) => each.id === id)?.state;

  async function logsOf(id: string, options: LogOptions = {}): Promise<string> {
    let text = '';
    for await (const part of runtime.logs(id, options)) text += part;
    return text;
  }

  /** Runs to the end; its output and how it ended. */
  async function run(spec: ContainerSpec): Promise<{ output: string; state: Awaited<ReturnType<typeof stateOf>> }> {
    const started = await runtime.runContainer(spec);
    const output = await logsOf(started.id, { follow: new AbortController().signal });
    return { output, state: await stateOf(started) };
  }

  const sleeping = 'trap "exit 0" TERM; while :; do sleep 0.1; done';

  it('runs a container as it was asked to, and says how it ended', async () => {
    const { uid } = await pod();
    const { output, state } = await run(
      container(
        uid,
        'id -u; id -G; hostname; echo "$SECRET"; touch /x; grep -E "CapBnd|NoNewPrivs" /proc/self/status; exit 3',
        {
          supplementalGroups: [5000],
          env: [{ name: 'SECRET', value: 'two\nlines' }],
        },
      ),
    );
    expect(output.split('\n')).toEqual([
      '1000',
      '1000 5000',
      `pod-${count}`,
      'two',
      'lines',
      expect.stringContaining('Read-only file system') as string,
      'CapBnd:\t0000000000000000',
      'NoNewPrivs:\t1',
      '',
    ]);
    expect(state).toMatchObject({ phase: 'exited', exitCode: 3, oomKilled: false });
  });

  it('tells when a container ends, however early', async () => {
    const { uid } = await pod();
    const changed: string[] = [];
    const forget = runtime.onChange((podUid) => changed.push(podUid));
    const started = await runtime.runContainer(container(uid, 'true'));
    if (started.state.phase !== 'exited') await expect.poll(() => changed).toContain(uid);
    expect(await stateOf(started)).toMatchObject({ phase: 'exited', exitCode: 0 });
    forget();
  });

  it('keeps a container that runs already', async () => {
    const { uid } = await pod();
    const started = await runtime.runContainer(container(uid, sleeping));
    expect(await runtime.runContainer(container(uid, 'other'))).toEqual(started);
    await runtime.removeContainer(started.id);
  });

  it('gives every restart a new log, on the same address', async () => {
    const { uid, ip } = await pod();
    const first = await runtime.runContainer(container(uid, 'echo first; hostname -I 2>/dev/null; cat /etc/hosts'));
    await expect.poll(() => stateOf(first)).toMatchObject({ phase: 'exited' });
    const { output } = await run(container(uid, 'echo second', { attempt: 1 }));
    expect(output).toBe('second\n');
    expect(await logsOf(first.id, {})).toContain(`\n${ip} pod-${count}\n`);
    expect(await logsOf(first.id, { tailLines: 1 })).toBe(`${ip} pod-${count}\n`);
  });

  it('stops gently, then by force, and takes neither for lack of memory', async () => {
    const { uid } = await pod();
    const gentle = await runtime.runContainer(container(uid, sleeping, { memoryLimitBytes: 64e6 }));
    await runtime.stopContainer(gentle.id, 10);
    expect(await stateOf(gentle)).toMatchObject({ exitCode: 0, oomKilled: false });
    const stubborn = await runtime.runContainer(
      container(uid, 'trap "" TERM; while :; do sleep 0.1; done', { attempt: 1, memoryLimitBytes: 64e6 }),
    );
    await runtime.stopContainer(stubborn.id, 1);
    expect(await stateOf(stubborn)).toMatchObject({ exitCode: 137, oomKilled: false });
    await runtime.stopContainer(stubborn.id, 1);
    await runtime.removeContainer(stubborn.id);
    await runtime.stopContainer(stubborn.id, 1);
    await runtime.removeContainer(stubborn.id);
  });

  it('takes an end for lack of memory for that', async () => {
    const { uid } = await pod();
    const { state } = await run(
      container(uid, 'x=$(head -c 200000000 /dev/zero | tr "\\0" a); echo done', { memoryLimitBytes: 32e6 }),
    );
    expect(state).toMatchObject({ exitCode: 137, oomKilled: true });
  });

  it('executes commands, and ends them when their time is up', async () => {
    const { uid } = await pod();
    const started = await runtime.runContainer(container(uid, sleeping));
    expect(
      await runtime.exec(started.id, ['sh', '-c', 'echo out; echo err >&2; exit 4'], { timeoutSeconds: 20 }),
    ).toEqual({
      exitCode: 4,
      stdout: 'out\n',
      stderr: 'err\n',
    });
    await expect(
      runtime.exec(started.id, ['sh', '-c', 'sleep 4242 & sleep 4242'], { timeoutSeconds: 1 }),
    ).rejects.toThrow(/did not end within 1 s/);
    const { stdout } = await runtime.exec(started.id, ['sh', '-c', 'cat /proc/[0-9]*/cmdline | tr "\\0" "\\n"'], {
      timeoutSeconds: 20,
    });
    expect(stdout).not.toMatch(/^4242$/m);
  });

  it('follows a log that starts anew at its maximum size', async () => {
    const { uid } = await pod();
    const count = 600_000;
    const script = `seq -f "%.0f ${'x'.repeat(80)}" ${count}`;
    const started = await runtime.runContainer(container(uid, script));
    let next = 1;
    let rest = '';
    for await (const part of runtime.logs(started.id, { follow: new AbortController().signal })) {
      const lines = (rest + part).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (!line.startsWith(`${next} `)) expect.fail(`line ${next} is missing: ${line}`);
        next += 1;
      }
    }
    expect(next).toBe(count + 1);
    // What is put aside is gone for those who come later.
    expect(await logsOf(started.id)).not.toMatch(/^1 /);
  });

  it('says why a container cannot start, and leaves nothing in the way of the next attempt', async () => {
    const { uid } = await pod();
    const attempt = (changes: Partial<ContainerSpec>) => runtime.runContainer(container(uid, 'true', changes));
    await expect(attempt({ command: ['/no/such/command'] })).rejects.toMatchObject({
      reason: 'RunContainerError',
      message: expect.stringContaining('/no/such/command') as string,
    });
    await expect(attempt({ image: 'localhost/none:1' })).rejects.toMatchObject({ reason: 'ErrImageNeverPull' });
    await expect(
      attempt({ mounts: [{ hostPath: '/no/such/volume', containerPath: '/x', readOnly: true }] }),
    ).rejects.toMatchObject({ reason: 'CreateContainerError' });
    expect((await run(container(uid, 'echo well'))).output).toBe('well\n');
    expect(await runtime.image('localhost/none:1')).toMatchObject({ present: false });
    expect(await runtime.image(IMAGE)).toMatchObject({ present: true });
  });

  it('shows changes of a volume that are made the way the kubelet makes them', async () => {
    const { uid } = await pod();
    const volume = join(directory, 'volume');
    await mkdir(join(volume, '..1'), { recursive: true });
    await writeFile(join(volume, '..1', 'key'), 'old');
    await symlink('..1', join(volume, '..data'));
    await symlink('..data/key', join(volume, 'key'));
    const started = await runtime.runContainer(
      container(uid, sleeping, { mounts: [{ hostPath: volume, containerPath: '/keys', readOnly: true }] }),
    );
    const key = async (): Promise<string> =>
      (await runtime.exec(started.id, ['cat', '/keys/key'], { timeoutSeconds: 20 })).stdout;
    expect(await key()).toBe('old');
    await mkdir(join(volume, '..2'));
    await writeFile(join(volume, '..2', 'key'), 'new');
    await symlink('..2', join(volume, '..new'));
    await rename(join(volume, '..new'), join(volume, '..data'));
    expect(await key()).toBe('new');
  });

  it('connects Pods with each other, with Services by name, and with the host', async () => {
    const greeting = async (host: string) => {
      const server = createServer((socket) => socket.end(`hello from ${host}\n`));
      server.listen(0, host);
      await new Promise((resolve) => server.once('listening', resolve));
      return { port: (server.address() as AddressInfo).port, close: () => server.close() };
    };
    const server = await greeting(addresses.nodeIp);
    const proxy = new ServiceProxy({ onError: (error) => expect.fail(error.message) });
    const dns = new DnsServer({ address: addresses.dnsIp });
    const clusterIP = addresses.dnsIp.replace(/\d+$/, '77');
    try {
      await dns.start();
      dns.update([{ namespace: 'default', name: 'web', clusterIP, ports: [], endpoints: [] }]);
      proxy.update([{ clusterIP, port: 80, endpoints: [{ ip: addresses.nodeIp, port: server.port }] }]);
      await proxy.settled();
      const { uid, ip } = await pod();
      const { output } = await run(
        container(
          uid,
          `cat < /dev/tcp/web/80; getent hosts web; cat < /dev/tcp/web/81; cat < /dev/tcp/${addresses.nodeIp}/${server.port}`,
        ),
      );
      expect(output).toContain(`hello from ${addresses.nodeIp}\n${clusterIP}`);
      expect(output).toContain('Connection refused');
      expect(output).toMatch(/hello from \S+\n$/);

      // The other way round: what the Pod's network serves, reached from the host and from another Pod.
      const script = `${process.execPath} -e 'require("net").createServer(s=>s.end("hello from "+s.remoteAddress)).listen(8080,"${ip}")'`;
      const served = runCommand('ip', ['netns', 'exec', await namespaceOf(uid), 'sh', '-c', `timeout 30 ${script}`], {
        timeout: 40_000,
      }).catch(() => undefined);
      const other = await pod();
      const { output: between } = await run(
        container(other.uid, `for i in $(seq 100); do cat < /dev/tcp/${ip}/8080 && exit; sleep 0.1; done`),
      );
      expect(between).toContain(`hello from ${other.ip}`);
      proxy.update([{ clusterIP, port: 80, endpoints: [{ ip, port: 8080 }] }]);
      await proxy.settled();
      expect((await runCommand('bash', ['-c', `cat < /dev/tcp/${clusterIP}/80`])).stdout).toBe(
        `hello from ${addresses.nodeIp}`,
      );
      await runtime.removeSandbox(uid);
      void served;
    } finally {
      proxy.stop();
      await dns.stop();
      server.close();
    }
  });

  it('puts Pods on the network of the host when they ask for it', async () => {
    const { uid, ip } = await pod({ hostNetwork: true });
    expect(ip).toBe(addresses.nodeIp);
    const { output } = await run(container(uid, 'hostname; cat /proc/net/dev'));
    expect(output).toContain('sw-');
  });

  it('finds everything again after this process was replaced', async () => {
    const { uid, ip } = await pod();
    const started = await runtime.runContainer(container(uid, `echo before; ${sleeping}`));
    await runtime.stop();
    const before = await runtime.containers();
    runtime = starting();
    await runtime.start();
    expect(await runtime.containers()).toEqual(expect.arrayContaining([...before]));
    expect(await runtime.sandboxes()).toContainEqual({ podUid: uid, ip });
    expect(await logsOf(started.id, {})).toBe('before\n');
    const changed: string[] = [];
    runtime.onChange((podUid) => changed.push(podUid));
    await runCommand('podman', ['kill', started.id]);
    await expect.poll(() => changed).toContain(uid);
    await expect.poll(() => stateOf(started)).toMatchObject({ phase: 'exited' });
  });

  it('clears away what a reboot ended', async () => {
    const { uid } = await pod();
    const started = await runtime.runContainer(container(uid, sleeping));
    await runtime.stop();
    await writeFile(join(directory, 'boot-id'), 'another boot');
    runtime = starting();
    await runtime.start();
    expect(await runtime.sandboxes()).toEqual([]);
    expect(await runtime.containers()).toEqual([]);
    expect(await new Podman().inspect([started.id])).toEqual([]);
    expect(await readFile(join(directory, 'boot-id'), 'utf8')).not.toBe('another boot');
  });

  const namespaceOf = async (uid: string): Promise<string> => {
    const name = (await readdir('/run/netns')).find(
      (each) => each.endsWith(`-${uid}`) && each.startsWith('stackwright-'),
    );
    return name ?? expect.fail('no namespace');
  };
});
