import { readFile, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiError, CoreEvent, Lease, Node, Pod, Secret, Service, ServiceAccount } from '@stackwright/kube';
import type { ContainerStatus, PodSpec } from 'kubernetes-types/core/v1.d.ts';
import { podCondition } from '../shared/pods.js';
import { pod, secret, task, web } from '../testing/manifests.js';
import { TestCluster } from '../testing/test-cluster.js';
import { terminated, type Program } from './simulated/program.js';

describe('the node agent', () => {
  let cluster: TestCluster;
  beforeEach(async () => {
    cluster = await TestCluster.start();
  });
  afterEach(() => cluster.stop());

  const create = (spec: Partial<PodSpec> = {}, name = 'pod'): Promise<Pod> =>
    cluster.client.create(Pod, pod(name, spec));
  const until = (holds: (object: Pod) => unknown, name = 'pod', within = 120_000): Promise<Pod> =>
    cluster.untilObject(Pod, name, holds, { within });
  const container = (object: Pod | undefined, name?: string): ContainerStatus => {
    const statuses = [...(object?.status?.initContainerStatuses ?? []), ...(object?.status?.containerStatuses ?? [])];
    return statuses.find((status) => name === undefined || status.name === name)!;
  };
  const isReady = (object: Pod): boolean => podCondition(object, 'Ready')?.status === 'True';
  const waiting =
    (reason: string) =>
    (object: Pod): boolean =>
      container(object).state?.waiting?.reason === reason;
  const events = async (name = 'pod'): Promise<string[]> =>
    (await cluster.list(CoreEvent))
      .filter((event) => event.involvedObject.name === name)
      .map((event) => event.reason ?? '');
  const logs = async (options: { container?: string; previous?: boolean } = {}): Promise<string> => {
    let text = '';
    for await (const piece of await cluster.agent.logs({ namespace: 'test', pod: 'pod', ...options })) text += piece;
    return text;
  };

  /** Prints its environment and serves until it is ended. */
  const printer: Program = async (context) => {
    for (const { name, value } of context.spec.env) context.log(`${name}=${value}`);
    context.log([...(context.spec.command ?? []), ...(context.spec.args ?? [])].join(' '));
    await terminated(context);
    return 0;
  };

  describe('registers the node', () => {
    it('as what it is, and renews its lease', async () => {
      const node = await cluster.get(Node, 'simulated');
      expect(node?.status?.conditions).toContainEqual(expect.objectContaining({ type: 'Ready', status: 'True' }));
      expect(node?.status?.nodeInfo).toMatchObject({
        containerRuntimeVersion: expect.stringContaining('simulated') as string,
      });
      const lease = async (): Promise<string | undefined> =>
        (await cluster.get(Lease, 'simulated', 'kube-node-lease'))?.spec?.renewTime;
      const before = await lease();
      await cluster.pass(30_000);
      expect(await lease()).not.toBe(before);
    });
  });

  describe('runs a Pod', () => {
    it('and says all about it', async () => {
      await create();
      const running = await until(isReady);
      expect(running.status).toMatchObject({
        phase: 'Running',
        hostIP: '127.0.0.1',
        podIP: expect.stringMatching(/^127\./) as string,
      });
      expect(container(running)).toMatchObject({
        ready: true,
        started: true,
        restartCount: 0,
        containerID: expect.stringMatching(/^simulated:\/\//) as string,
      });
      for (const type of ['PodScheduled', 'PodReadyToStartContainers', 'Initialized', 'ContainersReady']) {
        expect(podCondition(running, type)?.status).toBe('True');
      }
      expect(await events()).toEqual(expect.arrayContaining(['Scheduled', 'Pulled', 'Created', 'Started']));
    });

    it('to its end', async () => {
      await create({ restartPolicy: 'Never', containers: [task()] });
      const done = await until(({ status }) => status?.phase === 'Succeeded');
      expect(container(done)).toMatchObject({
        ready: false,
        state: { terminated: { exitCode: 0, reason: 'Completed' } },
      });
      expect(podCondition(done, 'Ready')).toMatchObject({ status: 'False', reason: 'PodCompleted' });
      expect(await logs()).toBe('simulated: do it is done\n');
    });

    it('with init containers first, in order', async () => {
      const order: string[] = [];
      cluster.runtime.script.when({ pod: 'pod' }, { program: async ({ spec }) => (order.push(spec.name), 0) });
      const stop = cluster.runtime.script.when({ container: 'b' }, { exitCode: 1 });
      await create({
        restartPolicy: 'OnFailure',
        initContainers: ['a', 'b', 'c'].map((name) => task({ name })),
        containers: [task({ name: 'main' })],
      });
      const stuck = await until((object) => (container(object, 'b')?.restartCount ?? 0) > 0);
      expect(stuck.status?.phase).toBe('Pending');
      expect(podCondition(stuck, 'Initialized')).toMatchObject({
        status: 'False',
        message: 'containers with incomplete status: [b c]',
      });
      expect(container(stuck, 'main').state?.waiting?.reason).toBe('PodInitializing');
      stop();
      await until(({ status }) => status?.phase === 'Succeeded');
      expect(order).toEqual(['a', 'b', 'c', 'main']);
    });

    it('that fails when an init container does and nothing may be restarted', async () => {
      cluster.runtime.script.when({ container: 'init' }, { exitCode: 2 });
      await create({ restartPolicy: 'Never', initContainers: [task({ name: 'init' })] });
      const failed = await until(({ status }) => status?.phase === 'Failed');
      expect(container(failed, 'init').state?.terminated?.exitCode).toBe(2);
      expect(container(failed, 'web').state?.waiting?.reason).toBe('PodInitializing');
    });

    it('with sidecars, which are up before the others and end after them', async () => {
      const sidecar = web({ name: 'proxy', restartPolicy: 'Always', ports: [{ containerPort: 81 }] });
      cluster.runtime.script.when({ container: 'task' }, { exitCode: 0, delay: 5000 });
      await create({
        restartPolicy: 'Never',
        initContainers: [sidecar],
        containers: [task()],
        terminationGracePeriodSeconds: 1,
      });
      const running = await until((object) => container(object, 'task').state?.running);
      expect(container(running, 'proxy').state?.running).toBeDefined();
      const done = await until(({ status }) => status?.phase === 'Succeeded');
      await cluster.until(
        'the sidecar to end',
        async () =>
          container(await cluster.get(Pod, 'pod'), 'proxy').state?.terminated ?? done.status?.phase === 'Succeeded',
      );
    });

    it('no longer than its deadline', async () => {
      await create({ activeDeadlineSeconds: 30 });
      const failed = await until(({ status }) => status?.phase === 'Failed');
      expect(failed.status).toMatchObject({ reason: 'DeadlineExceeded' });
    });
  });

  describe('restarts containers', () => {
    it('that crash, later each time, and shows how they ended', async () => {
      cluster.runtime.script.when({ pod: 'pod' }, { exitCode: 1, logs: ['no such host'] });
      await create({ containers: [web({ terminationMessagePolicy: 'FallbackToLogsOnError' })] });
      const crashed = await until(waiting('CrashLoopBackOff'));
      expect(crashed.status?.phase).toBe('Running');
      expect(container(crashed)).toMatchObject({
        state: {
          waiting: {
            message: expect.stringMatching(/^back-off 10s restarting failed container=web pod=pod_test/) as string,
          },
        },
        lastState: { terminated: { exitCode: 1, reason: 'Error', message: 'no such host\n' } },
      });
      const starts: number[] = [];
      cluster.runtime.script.when(
        { pod: 'pod' },
        { program: async ({ clock }) => (starts.push(clock.now()), 1), exitCode: undefined },
      );
      await cluster.until('more starts', () => starts.length >= 4, { step: 1000, within: 300_000 });
      const waits = starts.slice(1, 4).map((time, index) => (time - starts[index]!) / 1000);
      // Each container ends as soon as it has started.
      [20, 40, 80].forEach((wait, index) => expect(waits[index]).toBeGreaterThanOrEqual(wait - 0.1));
      expect(await events()).toContain('BackOff');
    });

    it('that the kernel killed for their memory', async () => {
      await create();
      await until(isReady);
      cluster.runtime.crash({ pod: 'pod' }, { oomKilled: true });
      const restarted = await until((object) => container(object).restartCount === 1);
      expect(container(restarted).lastState?.terminated).toMatchObject({ exitCode: 137, reason: 'OOMKilled' });
    });

    it('when their image is another one, and only then', async () => {
      await create({ terminationGracePeriodSeconds: 1 });
      await until(isReady);
      // A runtime may know an image by another name.
      const containers = cluster.runtime.containers.bind(cluster.runtime);
      cluster.runtime.containers = async () =>
        (await containers()).map((status) => ({ ...status, image: `docker.io/library/${status.image}` }));
      await cluster.pass(60_000);
      await cluster.stopAgent();
      await cluster.startAgent();
      await cluster.pass(60_000);
      expect(container(await cluster.get(Pod, 'pod'))).toMatchObject({ restartCount: 0, image: 'web:1' });
      const body = [{ op: 'replace', path: '/spec/containers/0/image', value: 'web:2' }];
      await cluster.client.patch(Pod, { namespace: 'test', name: 'pod' }, { type: 'json', body });
      const restarted = await until((object) => container(object).restartCount === 1 && isReady(object));
      expect(container(restarted).image).toBe('web:2');
    });

    it('not when they may not be', async () => {
      cluster.runtime.script.when({ pod: 'pod' }, { exitCode: 4, terminationMessage: 'disk full' });
      await create({ restartPolicy: 'Never' });
      const failed = await until(({ status }) => status?.phase === 'Failed');
      expect(container(failed).state?.terminated).toMatchObject({ exitCode: 4, message: 'disk full' });
      await cluster.pass(60_000);
      expect(container(await cluster.get(Pod, 'pod')).restartCount).toBe(0);
    });

    it('and keeps the log of the attempt before', async () => {
      let attempt = 0;
      cluster.runtime.script.when(
        { pod: 'pod' },
        {
          program: async (context) => {
            attempt += 1;
            context.log(`attempt ${attempt}`);
            if (attempt > 2) await terminated(context);
            return 1;
          },
        },
      );
      await create();
      await until((object) => container(object).restartCount === 2 && container(object).state?.running);
      expect(await logs()).toBe('attempt 3\n');
      expect(await logs({ previous: true })).toBe('attempt 2\n');
    });
  });

  describe('waits for what is missing', () => {
    it('an image, and starts when it is there', async () => {
      await create({ containers: [web({ image: 'keystone:missing' })] });
      const first = await until(waiting('ErrImagePull'));
      expect(container(first).state?.waiting?.message).toContain('keystone:missing');
      const held = await until(waiting('ImagePullBackOff'));
      expect(held.status?.phase).toBe('Pending');
      expect(container(held).state?.waiting?.message).toContain('Back-off pulling image "keystone:missing"');
      cluster.runtime.script.setImage('keystone:missing', true);
      await until(isReady, 'pod', 60_000);
    });

    it.each(['-h', '--privileged', 'a/Upper', 'a b'])('an image that can be none: %s', async (image) => {
      await create({ containers: [web({ image })] });
      const pod = await until(waiting('InvalidImageName'));
      expect(container(pod).state?.waiting?.message).toContain('invalid reference format');
    });

    it('an image that may not be pulled', async () => {
      await create({ containers: [web({ image: 'keystone:missing', imagePullPolicy: 'Never' })] });
      await until(waiting('ErrImageNeverPull'));
      expect(await events()).toContain('ErrImageNeverPull');
    });

    it('a Secret for the environment, then a key in it, and starts when they are there', async () => {
      cluster.runtime.script.when({ pod: 'pod' }, { program: printer });
      await create({
        containers: [
          web({ env: [{ name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } }] }),
        ],
      });
      const missing = await until(waiting('CreateContainerConfigError'));
      expect(container(missing).state?.waiting?.message).toBe('secret "db" not found');
      await cluster.client.create(Secret, secret('db', { user: 'x' }));
      await until(
        (object) => container(object).state?.waiting?.message === "couldn't find key password in Secret test/db",
      );
      await cluster.client.patch(
        Secret,
        { namespace: 'test', name: 'db' },
        { type: 'merge', body: { stringData: { password: 'p' } } },
      );
      // At once, not when the retry is due.
      await until(isReady, 'pod', 5000);
      expect(await logs()).toContain('PASSWORD=p\n');
    });

    it('a Secret for a volume, and starts when it is there', async () => {
      await create({
        containers: [web({ volumeMounts: [{ name: 'keys', mountPath: '/keys' }] })],
        volumes: [{ name: 'keys', secret: { secretName: 'keys' } }],
      });
      await until(waiting('ContainerCreating'));
      await cluster.until('the event', async () => (await events()).includes('FailedMount'));
      const [event] = (await cluster.list(CoreEvent)).filter(({ reason }) => reason === 'FailedMount');
      expect(event?.message).toBe('MountVolume.SetUp failed for volume "keys" : secret "keys" not found');
      await cluster.pass(120_000, 10_000);
      const [later, ...others] = (await cluster.list(CoreEvent)).filter(({ reason }) => reason === 'FailedMount');
      expect(others).toEqual([]);
      // 0.5, 1, 2, … seconds apart.
      expect(later?.count).toBeGreaterThan(4);
      await cluster.client.create(Secret, secret('keys', { '0': 'k' }));
      // At once, though the retries are minutes apart by now.
      await until(isReady, 'pod', 10_000);
    });

    it('a runtime that can start it', async () => {
      const mend = cluster.runtime.script.when(
        { pod: 'pod' },
        { startError: { reason: 'RunContainerError', message: 'exec: "nope": not found' } },
      );
      await create();
      const refused = await until(waiting('RunContainerError'));
      expect(container(refused).state?.waiting?.message).toContain('"nope": not found');
      mend();
      await until(isReady);
    });
  });

  describe('probes', () => {
    /** Answers with what `healthy` says. */
    const serving =
      (state: { healthy: boolean }): Program =>
      async (context) => {
        const { serveHttp } = await import('./simulated/programs/serve.js');
        await serveHttp((_request, response) => void response.writeHead(state.healthy ? 200 : 503).end(), 80, context);
        return 0;
      };
    const get = { httpGet: { port: 'http', path: '/healthcheck' } };

    it('readiness, before which a container is never ready', async () => {
      cluster.runtime.script.when({ pod: 'pod' }, { program: serving({ healthy: false }) });
      const abort = new AbortController();
      const seen = new Set<string | undefined>();
      const watching = (async () => {
        const events = cluster.client.watch(Pod, { namespace: 'test', signal: abort.signal });
        for await (const event of events)
          if (event.type !== 'BOOKMARK') seen.add(podCondition(event.object, 'Ready')?.status);
      })().catch(() => undefined);
      await create({ containers: [web({ readinessProbe: get })] });
      await until((object) => container(object).state?.running);
      await cluster.pass(60_000);
      abort.abort();
      await watching;
      expect(seen).toEqual(new Set([undefined, 'False']));
    });

    it('readiness, and takes a container out and in again', async () => {
      const state = { healthy: true };
      cluster.runtime.script.when({ pod: 'pod' }, { program: serving(state) });
      await create({ containers: [web({ readinessProbe: { ...get, periodSeconds: 2, failureThreshold: 2 } })] });
      await until(isReady);
      state.healthy = false;
      const unready = await until((object) => !isReady(object));
      expect(podCondition(unready, 'Ready')).toMatchObject({
        reason: 'ContainersNotReady',
        message: 'containers with unready status: [web]',
      });
      expect((await cluster.list(CoreEvent)).find(({ reason }) => reason === 'Unhealthy')?.message).toBe(
        'Readiness probe failed: HTTP probe failed with statuscode: 503',
      );
      state.healthy = true;
      const ready = await until(isReady);
      expect(container(ready).restartCount).toBe(0);
    });

    it('liveness, and restarts a container that fails it for long enough', async () => {
      const state = { healthy: true };
      cluster.runtime.script.when({ pod: 'pod' }, { program: serving(state) });
      await create({
        containers: [web({ livenessProbe: { ...get, periodSeconds: 5, failureThreshold: 3 } })],
        terminationGracePeriodSeconds: 1,
      });
      await until(isReady);
      state.healthy = false;
      await cluster.pass(9000);
      expect(container(await cluster.get(Pod, 'pod')).restartCount).toBe(0);
      const restarted = await until((object) => container(object).restartCount === 1);
      state.healthy = true;
      expect(container(restarted).lastState?.terminated).toBeDefined();
      expect((await cluster.list(CoreEvent)).map(({ message }) => message)).toContain(
        'Container web failed liveness probe, will be restarted',
      );
    });

    it('startup first, and the others only after it', async () => {
      const state = { healthy: false };
      cluster.runtime.script.when({ pod: 'pod' }, { program: serving(state) });
      const probe = { ...get, periodSeconds: 1, failureThreshold: 1 };
      await create({
        containers: [
          web({ startupProbe: { ...probe, failureThreshold: 60 }, livenessProbe: probe, readinessProbe: probe }),
        ],
      });
      await until((object) => container(object).state?.running);
      await cluster.pass(30_000);
      const starting = await cluster.get(Pod, 'pod');
      expect(container(starting)).toMatchObject({ started: false, ready: false, restartCount: 0 });
      state.healthy = true;
      const started = await until(isReady, 'pod', 10_000);
      expect(container(started).started).toBe(true);
    });

    it('by commands and by connections', async () => {
      const answers: string[][] = [];
      cluster.runtime.script.when(
        { pod: 'pod' },
        { exec: (command) => (answers.push([...command]), { exitCode: answers.length > 2 ? 0 : 1 }) },
      );
      const exec = { exec: { command: ['mariadb-admin', 'ping'] }, periodSeconds: 1 };
      await create({
        containers: [web({ readinessProbe: exec, livenessProbe: { tcpSocket: { port: 'http' }, periodSeconds: 1 } })],
      });
      const ready = await until(isReady);
      expect(answers.slice(0, 3)).toEqual(Array(3).fill(['mariadb-admin', 'ping']));
      expect(container(ready).restartCount).toBe(0);
    });
  });

  describe('ends a Pod', () => {
    it('after its hook and its grace, and takes everything of it away', async () => {
      const seen: string[] = [];
      cluster.runtime.script.when(
        { pod: 'pod' },
        {
          exec: (command) => (seen.push(command.join(' ')), {}),
          program: async (context) => {
            await terminated(context);
            seen.push('SIGTERM');
            return 0;
          },
        },
      );
      await create({ containers: [web({ lifecycle: { preStop: { exec: { command: ['drain'] } } } })] });
      const { metadata } = await until(isReady);
      await cluster.client.delete(Pod, { namespace: 'test', name: 'pod' });
      await cluster.untilGone(Pod, 'pod', { within: 20_000 });
      expect(seen).toEqual(['drain', 'SIGTERM']);
      expect(await cluster.runtime.containers()).toEqual([]);
      expect(await cluster.runtime.sandboxes()).toEqual([]);
      expect(await events()).toContain('Killing');
      await expect(readFile(`${cluster.directory}/pods/${metadata!.uid!}`)).rejects.toThrow('ENOENT');
    });

    it('that does not want to end', async () => {
      cluster.runtime.script.when({ pod: 'pod' }, { ignoresTerm: true });
      await create({ terminationGracePeriodSeconds: 20 });
      await until(isReady);
      await cluster.client.delete(Pod, { namespace: 'test', name: 'pod' });
      await cluster.pass(19_000);
      expect(await cluster.get(Pod, 'pod')).toBeDefined();
      await cluster.untilGone(Pod, 'pod', { within: 5000 });
    });

    it('that is gone from the API already', async () => {
      await create();
      await until(isReady);
      await cluster.client.delete(Pod, { namespace: 'test', name: 'pod' }, { gracePeriodSeconds: 0 });
      await cluster.until('an empty node', async () => (await cluster.runtime.sandboxes()).length === 0);
    });
  });

  describe('gives containers', () => {
    it('their environment', async () => {
      cluster.runtime.script.when({ pod: 'pod' }, { program: printer });
      await cluster.client.create(Secret, secret('db', { USER: 'keystone' }));
      await cluster.client.create(Service, {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'db', namespace: 'test' },
        spec: { ports: [{ port: 3306 }] },
      });
      await create({
        containers: [
          web({
            command: ['serve', '--bind=$(IP)', '$$(IP)', '$(UNKNOWN)'],
            envFrom: [
              { prefix: 'DB_', secretRef: { name: 'db' } },
              { configMapRef: { name: 'absent', optional: true } },
            ],
            env: [
              { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
              { name: 'URL', value: 'mysql://$(DB_USER)@db' },
              { name: 'CPUS', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1m' } } },
            ],
            resources: { limits: { cpu: '1500m' } },
          }),
        ],
      });
      const { status } = await until(isReady);
      const lines = (await logs()).split('\n');
      expect(lines).toEqual(
        expect.arrayContaining([
          'DB_USER=keystone',
          `IP=${status!.podIP!}`,
          'URL=mysql://keystone@db',
          'CPUS=1500',
          `KUBERNETES_SERVICE_PORT=${cluster.server.port}`,
          'DB_SERVICE_PORT=3306',
          `serve --bind=${status!.podIP!} $(IP) $(UNKNOWN)`,
        ]),
      );
    });

    it('a token of their ServiceAccount, unless they want none', async () => {
      const paths: (string | undefined)[] = [];
      cluster.runtime.script.when(
        {},
        {
          program: async (context) => {
            paths.push(context.path('/var/run/secrets/kubernetes.io/serviceaccount/token'));
            await terminated(context);
            return 0;
          },
        },
      );
      await cluster.until('the account', () => cluster.get(ServiceAccount, 'default'));
      await create();
      await until(isReady);
      const token = await readFile(paths[0]!, 'utf8');
      expect(token.split('.')).toHaveLength(3);
      expect(await readFile(paths[0]!.replace(/token$/, 'namespace'), 'utf8')).toBe('test');
      expect(await readFile(paths[0]!.replace(/token$/, 'ca.crt'), 'utf8')).toBe('a certificate');
      // Renewed long before it expires.
      const renewed = async (): Promise<boolean> => (await readFile(paths[0]!, 'utf8')) !== token;
      await cluster.until('another token', renewed, { step: 60_000, within: 3_300_000 });

      await create({ automountServiceAccountToken: false }, 'other');
      await until(isReady, 'other');
      expect(paths[1]).toBeUndefined();
    });

    it('Secrets as files, which follow the Secret', async () => {
      let path: string | undefined;
      cluster.runtime.script.when(
        { pod: 'pod' },
        { program: async (context) => ((path = context.path('/keys')), await terminated(context), 0) },
      );
      await cluster.client.create(Secret, secret('keys', { '0': 'staged', '1': 'primary' }));
      await create({
        containers: [web({ volumeMounts: [{ name: 'keys', mountPath: '/keys' }] })],
        volumes: [{ name: 'keys', secret: { secretName: 'keys' } }],
      });
      await until(isReady);
      expect(await readFile(`${path!}/1`, 'utf8')).toBe('primary');
      await cluster.client.patch(
        Secret,
        { namespace: 'test', name: 'keys' },
        { type: 'merge', body: { stringData: { '1': null, '2': 'new primary' }, data: { '1': null } } },
      );
      await cluster.until('the new key', () => readFile(`${path!}/2`, 'utf8').catch(() => undefined));
      await expect(readFile(`${path!}/1`)).rejects.toThrow('ENOENT');
      expect(container(await cluster.get(Pod, 'pod')).restartCount).toBe(0);
    });

    it('a directory that they share and that outlives a crash', async () => {
      const seen: string[] = [];
      cluster.runtime.script.when(
        { pod: 'pod' },
        {
          program: async (context) => {
            const file = `${context.path('/scratch')!}/starts`;
            seen.push(await readFile(file, 'utf8').catch(() => 'nothing'));
            await writeFile(file, context.spec.name);
            await terminated(context);
            return 0;
          },
        },
      );
      const mounts = [{ name: 'scratch', mountPath: '/scratch' }];
      await create({
        initContainers: [task({ name: 'init', volumeMounts: mounts })],
        containers: [web({ volumeMounts: mounts })],
        volumes: [{ name: 'scratch', emptyDir: {} }],
      });
      cluster.runtime.script.when({ container: 'init' }, { exitCode: 0 });
      await until(isReady);
      cluster.runtime.crash({ container: 'web' });
      await until((object) => container(object, 'web').restartCount === 1 && seen.length === 2);
      expect(seen).toEqual(['nothing', 'web']);
    });
  });

  describe('after a restart of its process', () => {
    it('goes on with what runs, without restarting or doubting it', async () => {
      await create({ containers: [web({ readinessProbe: { httpGet: { port: 'http' } } })] });
      const before = await until(isReady);
      await cluster.stopAgent();
      const transitions: (string | undefined)[] = [];
      cluster.server.onAudit(
        ({ changed, resource, subresource }) => changed && resource === 'pods' && transitions.push(subresource),
      );
      await cluster.startAgent();
      await cluster.pass(60_000);
      const after = await cluster.get(Pod, 'pod');
      expect(container(after)).toEqual(container(before));
      expect(transitions).toEqual([]);
      // It still probes.
      cluster.runtime.crash({ pod: 'pod' });
      await until((object) => container(object).restartCount === 1 && isReady(object));
    });

    it('ends what was deleted meanwhile', async () => {
      await create();
      await create({}, 'forced');
      await until(isReady);
      await until(isReady, 'forced');
      await cluster.stopAgent();
      await cluster.client.delete(Pod, { namespace: 'test', name: 'pod' });
      await cluster.client.delete(Pod, { namespace: 'test', name: 'forced' }, { gracePeriodSeconds: 0 });
      const starting = cluster.startAgent();
      await cluster.until('an empty node', async () => (await cluster.runtime.containers()).length === 0);
      await starting;
      await cluster.untilGone(Pod, 'pod');
    });

    it('starts Pods again that a reboot ended, and fails those that must not be', async () => {
      cluster.runtime.script.when({ pod: 'once' }, { exitCode: 0, delay: 3_600_000 });
      await create();
      await create({ restartPolicy: 'Never', containers: [task()] }, 'once');
      await until(isReady);
      await until(isReady, 'once');
      await cluster.stopAgent();
      cluster.runtime.reboot();
      await cluster.startAgent();
      const again = await until((object) => container(object).restartCount === 1 && isReady(object));
      expect(container(again).lastState?.terminated).toMatchObject({ reason: 'ContainerStatusUnknown', exitCode: 137 });
      const lost = await until(({ status }) => status?.phase === 'Failed', 'once');
      expect(container(lost).state?.terminated).toMatchObject({ reason: 'ContainerStatusUnknown' });
    });
  });

  describe('answers for logs', () => {
    it('with why there are none', async () => {
      await create({ containers: [web({ image: 'web:missing' }), task()] });
      await until((object) => container(object, 'web').state?.waiting?.reason === 'ImagePullBackOff');
      await expect(logs({ container: 'web' })).rejects.toThrow(
        'container "web" in pod "pod" is waiting to start: ImagePullBackOff',
      );
      await expect(cluster.agent.logs({ namespace: 'test', pod: 'gone' })).rejects.toBeInstanceOf(ApiError);
    });

    it('as they are written', async () => {
      let say: (line: string) => void = () => undefined;
      cluster.runtime.script.when(
        { pod: 'pod' },
        { program: async (context) => ((say = context.log), await terminated(context), 0) },
      );
      await create();
      await until(isReady);
      say('one');
      const stream = (await cluster.agent.logs({ namespace: 'test', pod: 'pod', follow: true }))[
        Symbol.asyncIterator
      ]();
      expect(await stream.next()).toMatchObject({ value: 'one\n' });
      const next = stream.next();
      say('two');
      expect(await next).toMatchObject({ value: 'two\n' });
      const end = stream.next();
      cluster.runtime.crash({ pod: 'pod' });
      expect(await end).toMatchObject({ done: true });
    });
  });
});
