import { describe, expect, it } from 'vitest';
import { bench } from '../support/bench.js';
import { kubectlIn } from '../support/kubectl.js';
import { eventually } from '../support/eventually.js';
import { configMap, deployment, pod, service } from '../support/objects.js';
import { requires, RUN_LABEL, target } from '../support/target.js';

const api = bench('kubectl-create', { needs: ['kubectl'] });
const kubectl = kubectlIn(api.namespace);
const { run } = kubectl;

const name = (...args: string[]): Promise<string> => run('get', ...args, '-o', 'name', '--ignore-not-found');

describe('kubectl create', () => {
  it.each<[string, string[], string, string]>([
    ['configmap', ['--from-literal=a=1'], '.data.a', '1'],
    ['secret generic', ['--from-literal=a=1'], '.data.a', 'MQ=='],
    ['serviceaccount', [], '.kind', 'ServiceAccount'],
    ['role', ['--verb=get', '--resource=pods'], '.rules[0].verbs[0]', 'get'],
    ['rolebinding', ['--clusterrole=view', '--user=somebody'], '.roleRef.name', 'view'],
    ['service clusterip', ['--tcp=80:8080'], '.spec.ports[0].targetPort', '8080'],
    ['poddisruptionbudget', ['--selector=app=x', '--min-available=1'], '.spec.minAvailable', '1'],
    ['cronjob', ['--image=busybox:1', '--schedule=0 0 1 1 *'], '.spec.schedule', '0 0 1 1 *'],
  ])('%s makes one', async (kind, args, path, expected) => {
    const [type = '', ...rest] = kind.split(' ');
    expect(await run('create', type, ...rest, `made-${type}`, ...args)).toContain(`made-${type} created`);
    expect(await run('get', type, `made-${type}`, '-o', `jsonpath={${path}}`)).toBe(expected);
  });

  it('deployment makes one', async () => {
    await run('create', 'deployment', 'made', '--image=busybox:1', '--replicas=0');
    expect(await run('get', 'deployment', 'made', '-o', 'jsonpath={.spec.template.spec.containers[0].image}')).toBe(
      'busybox:1',
    );
  });

  it('job makes one, and one of a CronJob', async () => {
    await run('create', 'cronjob', 'yearly', '--image=busybox:1', '--schedule=0 0 1 1 *');
    expect(await run('create', 'job', 'now', '--from=cronjob/yearly')).toContain('job.batch/now created');
    await run('create', 'job', 'once', '--image=busybox:1', '--dry-run=server');
    expect(await kubectl.refused('create', 'cronjob', 'bad', '--image=x', '--schedule=soon')).toContain(
      'spec.schedule: Invalid value: "soon"',
    );
    await run('delete', 'job', 'now');
  });

  it('token gives a token that the server takes', async () => {
    await run('create', 'serviceaccount', 'bearer');
    const token = (await run('create', 'token', 'bearer')).trim();
    expect((await api.get('/api', { token })).code).toBe(200);
  });

  it('clusterrole and namespace make one', async () => {
    const own = api.clusterWide('role');
    await run('create', 'clusterrole', own, '--verb=get', '--resource=nodes');
    await run('label', 'clusterrole', own, `${RUN_LABEL}=${target.run}`);
    expect(await name('clusterrole', own)).toBe(`clusterrole.rbac.authorization.k8s.io/${own}\n`);
    await run('delete', 'clusterrole', own);
    expect(await run('create', 'namespace', api.clusterWide('dry'), '--dry-run=server')).toContain('server dry run');
  });

  it('refuses what is there already', async () => {
    await run('create', 'configmap', 'twice');
    expect(await kubectl.refused('create', 'configmap', 'twice')).toContain('configmaps "twice" already exists');
  });

  it('--dry-run=client prints a manifest that apply takes', async () => {
    const manifest = await run('create', 'configmap', 'piped', '--from-literal=a=1', '--dry-run=client', '-o', 'yaml');
    const { stdout } = await kubectl.try(['apply', '-f', '-'], { stdin: manifest });
    expect(stdout).toBe('configmap/piped created\n');
  });

  it('run makes a Pod', async (test) => {
    requires(test, 'controllers');
    await run(
      'run',
      'ran',
      '--image=busybox:1',
      '--labels=a=b',
      '--overrides',
      JSON.stringify({ apiVersion: 'v1', spec: (pod('x') as { spec: object }).spec }),
    );
    expect(await run('get', 'pod', 'ran', '-o', 'jsonpath={.metadata.labels.a}')).toBe('b');
  });

  it('expose makes a Service for what there is', async () => {
    await run('apply', '-f', kubectl.file(deployment('exposed')));
    await run('expose', 'deployment', 'exposed', '--port=80', '--target-port=8080');
    expect(await run('get', 'service', 'exposed', '-o', 'jsonpath={.spec.selector.app}:{.spec.ports[0].port}')).toBe(
      'exposed:80',
    );
  });
});

describe('kubectl', () => {
  it('label and annotate set, refuse to overwrite, overwrite and remove', async () => {
    await run('apply', '-f', kubectl.file(configMap('tagged')));
    const path = (field: string): Promise<string> => run('get', 'cm', 'tagged', '-o', `jsonpath={.metadata.${field}}`);
    expect(await run('label', 'cm', 'tagged', 'color=red')).toContain('configmap/tagged labeled');
    expect(await kubectl.refused('label', 'cm', 'tagged', 'color=blue')).toContain('--overwrite');
    await run('label', 'cm', 'tagged', 'color=blue', '--overwrite');
    expect(await path('labels.color')).toBe('blue');
    await run('label', 'cm', 'tagged', 'color-');
    expect(await path('labels')).toBe('');
    await run('annotate', 'cm', 'tagged', 'note=a remark');
    expect(await path('annotations.note')).toBe('a remark');
  });

  it('set changes images, environment, resources and selectors', async () => {
    await run('apply', '-f', kubectl.file(deployment('set'), service('set')));
    await run('set', 'image', 'deployment/set', 'main=busybox:2');
    await run('set', 'env', 'deployment/set', 'A=1');
    await run('set', 'resources', 'deployment/set', '--limits=memory=64Mi');
    await run('set', 'selector', 'service/set', 'app=set');
    expect(
      await run(
        'get',
        'deployment',
        'set',
        '-o',
        "jsonpath={.spec.template.spec.containers[0]['image','env','resources']}",
      ),
    ).toBe('busybox:2 [{"name":"A","value":"1"}] {"limits":{"memory":"64Mi"}}');
  });

  it('delete by name, by selector, by file, all of a kind', async () => {
    const labels = { die: 'yes' };
    await run('apply', '-f', kubectl.file(configMap('d1'), configMap('d2', {}, { labels }), configMap('d3')));
    expect(await run('delete', 'configmap', 'd1')).toContain('configmap "d1" deleted');
    expect(await run('delete', 'configmap', '-l', 'die=yes')).toContain('"d2" deleted');
    expect(await run('delete', '-f', kubectl.file(configMap('d3')))).toContain('"d3" deleted');
    expect(await run('delete', 'configmap', 'd1', '--ignore-not-found')).toBe('');
    expect(await kubectl.refused('delete', 'configmap', 'd1')).toContain('not found');
    await run('delete', 'cronjobs', '--all');
    expect(await name('cronjobs')).toBe('');
  });

  it('delete --cascade takes dependents first, later, or not at all', async (test) => {
    requires(test, 'controllers');
    const owners = ['foreground', 'background', 'orphan'];
    for (const owner of owners) {
      const { metadata } = await api.create(api.paths.CONFIGMAPS, configMap(owner));
      const reference = {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        name: owner,
        uid: metadata.uid,
        blockOwnerDeletion: true,
      };
      await api.create(api.paths.CONFIGMAPS, configMap(`${owner}-child`, {}, { ownerReferences: [reference] }));
    }
    await run('delete', 'configmap', 'foreground', '--cascade=foreground');
    expect(await name('configmap', 'foreground-child')).toBe('');
    await run('delete', 'configmap', 'background');
    await eventually(async () => expect(await name('configmap', 'background-child')).toBe(''));
    await run('delete', 'configmap', 'orphan', '--cascade=orphan');
    expect(await run('get', 'configmap', 'orphan-child', '-o', 'jsonpath={.metadata.ownerReferences}')).toBe('');
  });

  it('delete of a namespace waits until all in it is gone', async (test) => {
    requires(test, 'controllers');
    const doomed = api.clusterWide('doomed');
    await api.makeNamespace(doomed);
    await run('apply', '-n', doomed, '-f', kubectl.file(configMap('inside'), deployment('inside')));
    await run('delete', 'namespace', doomed, '--timeout=120s');
    expect(await name('configmap', '-A', '--field-selector', 'metadata.name=inside')).toBe('');
  });

  it('delete waits for finalizers, or does not', async () => {
    await run('apply', '-f', kubectl.file(configMap('held', {}, { finalizers: ['example.com/hold'] })));
    expect(await run('delete', 'configmap', 'held', '--wait=false')).toContain('deleted');
    const waits = kubectl.start('delete', 'configmap', 'held', '--timeout=60s');
    await waits.says(/deleted/);
    await run('patch', 'configmap', 'held', '--type=merge', '-p', '{"metadata":{"finalizers":null}}');
    expect(await name('configmap', 'held')).toBe('');
  });
});
