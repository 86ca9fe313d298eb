import { get } from 'node:http';
import { beforeAll, describe, expect, it } from 'vitest';
import { bench } from '../support/bench.js';
import { kubectlIn } from '../support/kubectl.js';
import { eventually } from '../support/eventually.js';
import { deployment, pod, serving, task } from '../support/objects.js';
import { missing } from '../support/target.js';

const api = bench('kubectl-run', { needs: ['kubectl', 'controllers', 'node'] });
const kubectl = kubectlIn(api.namespace);
const { run } = kubectl;

const web = (replicas: number, container: object = {}): object =>
  deployment('web', { replicas, template: serving('web', {}, container) });
const rolledOut = (): Promise<string> => run('rollout', 'status', 'deployment/web', '--timeout=120s');
const environment = (): Promise<string> =>
  run('get', 'deployment', 'web', '-o', 'jsonpath={.spec.template.spec.containers[0].env[*].name}');

beforeAll(async () => {
  if (missing(['rights', 'kubectl', 'controllers', 'node']) !== undefined) return;
  const once = { nodeSelector: {}, restartPolicy: 'Never', containers: [task()] };
  await run('apply', '-f', kubectl.file(web(2), pod('task', once)));
});

describe('kubectl rollout', () => {
  it('status waits until a Deployment stands', async () => {
    expect(await rolledOut()).toContain('deployment "web" successfully rolled out');
    expect(await run('get', 'deployment', 'web')).toMatch(/web\s+2\/2\s+2\s+2/);
    expect(await run('get', 'pods', '-l', 'app=web')).toMatch(/1\/1\s+Running\s+0/);
  });

  it('history and undo go back to what was', async () => {
    await run('apply', '-f', kubectl.file(web(1, { env: [{ name: 'A', value: '1' }] })));
    await rolledOut();
    await run('set', 'env', 'deployment/web', 'B=2');
    await rolledOut();
    expect(await environment()).toBe('A B');
    expect(await run('rollout', 'history', 'deployment/web')).toMatch(/REVISION(.|\n)*1(.|\n)*2(.|\n)*3/);
    await run('rollout', 'undo', 'deployment/web');
    await rolledOut();
    expect(await environment()).toBe('A');
    await run('rollout', 'undo', 'deployment/web', '--to-revision=1');
    await rolledOut();
    expect(await environment()).toBe('');
  });

  it('restart replaces the Pods', async () => {
    const pods = (): Promise<string> => run('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].metadata.uid}');
    const before = await pods();
    await run('rollout', 'restart', 'deployment/web');
    await rolledOut();
    await eventually(async () => {
      const after = await pods();
      expect(after.split(' ')).toHaveLength(1);
      expect(after).not.toBe(before);
    });
  });

  it('pause holds changes back until resume', async () => {
    await run('rollout', 'pause', 'deployment/web');
    await run('set', 'env', 'deployment/web', 'HELD=1');
    await run('wait', 'deployment/web', '--for=condition=Progressing=Unknown', '--timeout=60s');
    expect(
      await run('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].spec.containers[0].env}'),
    ).not.toContain('HELD');
    await run('rollout', 'resume', 'deployment/web');
    await rolledOut();
  });
});

describe('kubectl rollout of a', () => {
  it.each([
    ['DaemonSet', {}],
    ['StatefulSet', { serviceName: 'none' }],
  ])('%s goes out, back and around', async (kind, spec) => {
    const name = `${kind.toLowerCase()}/rolled`;
    const template = serving('rolled', {}, { env: [{ name: 'ROUND', value: '1' }] });
    const object = {
      apiVersion: 'apps/v1',
      kind,
      metadata: { name: 'rolled' },
      spec: { selector: { matchLabels: { app: 'rolled' } }, template, ...spec },
    };
    await run('apply', '-f', kubectl.file(object));
    await run('rollout', 'status', name, '--timeout=120s');
    await run('set', 'env', name, 'ROUND=2');
    await run('rollout', 'status', name, '--timeout=120s');
    expect(await run('rollout', 'history', name)).toMatch(/1 .*\n2 /);
    await run('rollout', 'undo', name);
    await run('rollout', 'restart', name);
    await run('rollout', 'status', name, '--timeout=120s');
    expect(await run('get', name, '-o', 'jsonpath={.spec.template.spec.containers[0].env[0].value}')).toBe('1');
    await run('delete', name);
  });
});

describe('kubectl', () => {
  it('scale sets replicas, and minds a precondition', async () => {
    await run('scale', 'deployment/web', '--replicas=2');
    await run('wait', 'deployment/web', '--for=jsonpath={.status.availableReplicas}=2', '--timeout=60s');
    expect(await kubectl.refused('scale', 'deployment/web', '--current-replicas=7', '--replicas=1')).toContain(
      'Expected replicas to be 7, was 2',
    );
    await run('scale', 'deployment/web', '--replicas=1');
    await run('wait', 'deployment/web', '--for=jsonpath={.status.replicas}=1', '--timeout=60s');
  });

  it('wait waits for Pods', async () => {
    // It fails for a Pod that goes while it waits.
    await eventually(async () => run('wait', 'pod', '-l', 'app=web', '--for=condition=Ready', '--timeout=5s'));
    await run('wait', 'pod/task', '--for=jsonpath={.status.phase}=Succeeded', '--timeout=60s');
  });

  it('describe tells a Deployment, and a Pod with its events', async () => {
    expect(await run('describe', 'deployment', 'web')).toContain('1 desired | 1 updated | 1 total | 1 available');
    await eventually(async () => expect(await run('describe', 'pod', 'task')).toMatch(/Events:(.|\n)*Started/));
  });

  it('logs prints, follows to the end, selects by label', async () => {
    expect(await run('logs', 'task')).toMatch(/done\n$/);
    expect(await run('logs', '-f', 'task')).toMatch(/done\n$/);
    expect(await run('logs', 'task', '--tail=1', '--timestamps')).toMatch(/^\d{4}-.*done\n$/);
    await run('logs', 'deployment/web');
    expect(await run('logs', '-l', 'app=web', '--prefix', '--tail=-1')).toMatch(/^$|^\[pod\/web-/);
    expect(await kubectl.refused('logs', 'task', '-c', 'none')).toContain('container none is not valid for pod task');
  });

  it('events tells what happened to an object', async () => {
    await eventually(async () =>
      expect(await run('events', '--for', 'pod/task')).toMatch(/Normal\s+Started\s+Pod\/task/),
    );
    expect(await run('get', 'events', '--field-selector', 'involvedObject.name=task')).toContain('pod/task');
  });

  it('port-forward leads to the port of a Pod', async () => {
    const forward = kubectl.start('port-forward', 'deployment/web', ':8080');
    const [, port] = /127\.0\.0\.1:(\d+) -> 8080/.exec(await forward.says(/127\.0\.0\.1:\d+ -> 8080/)) ?? [];
    const code = await new Promise<number | undefined>((resolve, reject) => {
      get({ host: '127.0.0.1', port, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).on('error', reject);
    });
    expect(code).toBe(200);
    await forward.stop();
  });

  it('delete --cascade=foreground takes the Pods first', async () => {
    await run('delete', 'deployment', 'web', '--cascade=foreground', '--timeout=120s');
    expect(await run('get', 'pods,replicasets', '-l', 'app=web', '-o', 'name')).toBe('');
  });
});
