import { describe, expect, it } from 'vitest';
import { toYaml } from '@stackwright/kube';
import { bench } from '../support/bench.js';
import { kubectlIn } from '../support/kubectl.js';
import { configMap, deployment } from '../support/objects.js';

const api = bench('kubectl-objects', { needs: ['kubectl'], widgets: true });
const kubectl = kubectlIn(api.namespace);
const { run } = kubectl;

const value = (name: string, path: string): Promise<string> =>
  run('get', 'configmap', name, '-o', `jsonpath={${path}}`);

describe('kubectl', () => {
  it('version, cluster-info and api-versions know the server', async () => {
    expect(await run('version')).toMatch(/Server Version: v1\.\d+/);
    expect(await run('api-versions')).toContain('apps/v1\n');
    expect(await run('get', '--raw', '/readyz')).toBe('ok');
  });

  it('api-resources lists kinds with short names and groups', async () => {
    expect(await run('api-resources')).toMatch(/deployments\s+deploy\s+apps\/v1\s+true\s+Deployment/);
    expect(await run('api-resources', '--api-group', api.group)).toMatch(/widgets\s+wd\s+\S+\/v1\s+true\s+Widget/);
  });

  it('explain describes built-in and custom fields', async () => {
    expect(await run('explain', 'deployment.spec.strategy.type')).toContain('RollingUpdate');
    await api.until('/openapi/v3', ({ text }) => text.includes(`"apis/${api.group}/v1"`));
    expect(await run('explain', `widgets.${api.group}.spec.size`)).toContain('How large it is.');
    expect(await run('explain', 'pod.spec', '--recursive')).toMatch(/containers\t<\[\]Container> -required-/);
  });

  it('apply creates, leaves alone and configures', async () => {
    const path = kubectl.file(configMap('plain', { a: '1' }));
    expect(await run('apply', '-f', path)).toBe('configmap/plain created\n');
    expect(await run('apply', '-f', path)).toBe('configmap/plain unchanged\n');
    expect(await run('apply', '-f', kubectl.file(configMap('plain', { b: '2' })))).toBe('configmap/plain configured\n');
    expect(await value('plain', '.data')).toBe('{"b":"2"}');
  });

  it('apply reads from standard input, and several objects at once', async () => {
    const stdin = toYaml(configMap('many-a'), configMap('many-b'));
    const { stdout } = await kubectl.try(['apply', '-f', '-'], { stdin });
    expect(stdout).toBe('configmap/many-a created\nconfigmap/many-b created\n');
  });

  it('apply --prune deletes what is not applied any more', async () => {
    const labels = { set: 'pruned' };
    const [a, b] = [configMap('prune-a', {}, { labels }), configMap('prune-b', {}, { labels })];
    const prune = ['--prune', '-l', 'set=pruned', '--prune-allowlist=core/v1/ConfigMap'];
    await run('apply', '-f', kubectl.file(a, b), ...prune);
    expect(await run('apply', '-f', kubectl.file(a), ...prune)).toContain('configmap/prune-b pruned');
  });

  it('diff shows what apply would change, and changes nothing', async () => {
    await run('apply', '-f', kubectl.file(configMap('diffed', { a: '1' })));
    const { code, stdout } = await kubectl.try(['diff', '-f', kubectl.file(configMap('diffed', { a: '2' }))]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/-\s+a: "1"\n\+\s+a: "2"/);
    expect(await value('diffed', '.data.a')).toBe('1');
    expect((await kubectl.try(['diff', '-f', kubectl.file(configMap('diffed', { a: '1' }))])).code).toBe(0);
  });

  it('edit writes what the editor leaves', async () => {
    await run('apply', '-f', kubectl.file(configMap('edited', { a: 'old' })));
    const { stdout } = await kubectl.try(['edit', 'configmap', 'edited'], {
      environment: { KUBE_EDITOR: 'sed -i s/old/new/' },
    });
    expect(stdout).toContain('configmap/edited edited');
    expect(await value('edited', '.data.a')).toBe('new');
    const same = await kubectl.try(['edit', 'configmap', 'edited'], { environment: { KUBE_EDITOR: 'true' } });
    expect(same.stdout + same.stderr).toContain('Edit cancelled, no changes made.');
  });

  it('patch: strategic, merge, json, and of the status', async () => {
    await run('apply', '-f', kubectl.file(deployment('patched')));
    const patch = (type: string, body: object, ...more: string[]) =>
      run('patch', 'deployment', 'patched', `--type=${type}`, '-p', JSON.stringify(body), ...more);
    const env = [{ name: 'S', value: '1' }];
    await patch('strategic', { spec: { template: { spec: { containers: [{ name: 'main', env }] } } } });
    await patch('merge', { metadata: { labels: { merged: 'yes' } } });
    await patch('json', [{ op: 'replace', path: '/spec/revisionHistoryLimit', value: 3 }]);
    const conditions = [{ type: 'Tested', status: 'True' }];
    await patch('merge', { status: { conditions } }, '--subresource=status');
    expect(JSON.parse(await run('get', 'deployment', 'patched', '-o', 'json'))).toMatchObject({
      metadata: { labels: { merged: 'yes' } },
      spec: {
        revisionHistoryLimit: 3,
        template: { spec: { containers: [{ name: 'main', image: 'busybox:1', env }] } },
      },
    });
    expect(await run('patch', 'configmap', 'plain', '-p', '{}')).toContain('configmap/plain patched (no change)');
  });

  it('replace puts an object, and refuses one that was made from an older state', async () => {
    await run('create', '-f', kubectl.file(configMap('replaced', { a: '1' })));
    const old = await run('get', 'configmap', 'replaced', '-o', 'json');
    expect(await run('replace', '-f', kubectl.file(configMap('replaced', { b: '2' })))).toContain('replaced');
    expect(await value('replaced', '.data')).toBe('{"b":"2"}');
    expect(await kubectl.refused('replace', '-f', kubectl.text(old))).toContain('the object has been modified');
    expect(await run('replace', '--force', '-f', kubectl.file(configMap('replaced', { c: '3' })))).toContain(
      'replaced',
    );
  });

  it('get prints as yaml, json, jsonpath, go-template, name, custom columns, sorted', async () => {
    await run('apply', '-f', kubectl.file(configMap('shown', { a: '1' }, { labels: { show: 'me' } })));
    await run('apply', '-f', kubectl.file(configMap('also', { a: '2' }, { labels: { show: 'me' } })));
    expect(await run('get', 'cm', 'shown', '-o', 'yaml')).toMatch(
      /^apiVersion: v1\ndata:\n {2}a: "1"\nkind: ConfigMap\n/,
    );
    expect(JSON.parse(await run('get', 'cm', '-l', 'show=me', '-o', 'json'))).toMatchObject({ kind: 'List' });
    expect(await run('get', 'cm', '-l', 'show=me', '-o', 'jsonpath={.items[*].data.a}')).toBe('2 1');
    expect(await run('get', 'cm', 'shown', '-o', 'go-template={{.data.a}}')).toBe('1');
    expect(await run('get', 'cm', '-l', 'show=me', '-o', 'name')).toBe('configmap/also\nconfigmap/shown\n');
    const columns = ['-o', 'custom-columns=N:.metadata.name,A:.data.a', '--sort-by', '.data.a'];
    expect(await run('get', 'cm', '-l', 'show=me', ...columns)).toBe('N       A\nshown   1\nalso    2\n');
    expect(await run('get', 'cm', 'shown', '--show-labels')).toMatch(/shown\s+1\s+\S+\s+show=me/);
    expect(await run('get', 'cm', '-A', '-l', 'show=me')).toContain(api.namespace);
  });

  it('get shows the columns of a custom resource, by short name and category', async () => {
    await run('apply', '-f', kubectl.file(api.widget('w', { size: 3 })));
    const table = await run('get', `wd.${api.group}`);
    expect(table.split('\n')[0]).toMatch(/^NAME\s+SIZE\s+READY\s*$/);
    expect(table.split('\n')[1]).toMatch(/^w\s+3\s*$/);
    expect(await run('get', `toys-${api.namespace.replace('-kubectl-objects', '')}`)).toMatch(/w\s+3/);
    expect(await run('get', `widgets.${api.group}`, '-o', 'wide')).toMatch(/BORN\n/);
  });

  it('get of what is not there fails, unless told not to', async () => {
    expect(await kubectl.refused('get', 'configmap', 'none')).toBe(
      'Error from server (NotFound): configmaps "none" not found\n',
    );
    expect(await run('get', 'configmap', 'none', '--ignore-not-found')).toBe('');
    expect(await kubectl.refused('get', 'conjurings')).toContain(
      'the server doesn\'t have a resource type "conjurings"',
    );
  });

  it('get --watch tells what happens', async () => {
    const watch = kubectl.start('get', 'configmaps', '-l', 'watched=yes', '-w', '-o', 'name');
    const labels = { watched: 'yes' };
    await run('apply', '-f', kubectl.file(configMap('w1', {}, { labels })));
    await watch.says(/configmap\/w1\n/);
    await run('apply', '-f', kubectl.file(configMap('w2', {}, { labels })));
    await run('delete', 'configmap', 'w1');
    expect(await watch.says(/w1\n(.|\n)*w1\n/)).toBe('configmap/w1\nconfigmap/w2\nconfigmap/w1\n');
    await watch.stop();
  });

  it('describe tells an object, and its events', async () => {
    const text = await run('describe', 'configmap', 'shown');
    expect(text).toMatch(/^Name:\s+shown\nNamespace:\s+/);
    expect(text).toMatch(/Labels:\s+show=me/);
    expect(await run('describe', `widgets.${api.group}`, 'w')).toMatch(/Spec:\n(.|\n)*Size:\s+3/);
    expect(await run('describe', 'namespace', api.namespace)).toMatch(/Status:\s+Active/);
  });

  it('validates before it writes', async () => {
    const typo = kubectl.file(deployment('typo', { replica: 2 }));
    expect(await kubectl.refused('apply', '-f', typo)).toContain('unknown field "spec.replica"');
    const warned = await kubectl.try(['apply', '-f', typo, '--validate=warn', '--dry-run=server']);
    expect(warned.code).toBe(0);
    expect(warned.stderr).toContain('Warning: unknown field "spec.replica"');
    expect(await kubectl.refused('apply', '-f', kubectl.file(deployment('wrong', { replicas: -1 })))).toContain(
      'The Deployment "wrong" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    );
    expect(await kubectl.refused('apply', '-f', kubectl.file(api.widget('wrong', { size: 0 })))).toContain(
      'spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1',
    );
  });

  it('wait waits for conditions, fields, creation and deletion', async () => {
    await run('apply', '-f', kubectl.file(api.widget('awaited')));
    const waits = kubectl.start('wait', `widgets.${api.group}/awaited`, '--for=condition=Ready', '--timeout=60s');
    const status = { conditions: [{ type: 'Ready', status: 'True' }], replicas: 2 };
    await run(
      'patch',
      `widgets.${api.group}`,
      'awaited',
      '--subresource=status',
      '--type=merge',
      '-p',
      JSON.stringify({ status }),
    );
    await waits.says(/condition met/);
    await run('wait', `widgets.${api.group}/awaited`, '--for=jsonpath={.status.replicas}=2', '--timeout=20s');
    const gone = run('wait', `widgets.${api.group}/awaited`, '--for=delete', '--timeout=60s');
    await run('delete', `widgets.${api.group}`, 'awaited');
    await gone;
    expect(await kubectl.refused('wait', 'configmap/shown', '--for=condition=Never', '--timeout=1s')).toContain(
      'timed out waiting for the condition',
    );
  });

  it('kustomize and apply -k work with a directory', async () => {
    const directory = kubectl.directory({
      'kustomization.yaml': 'resources: [map.yaml]\nnamePrefix: k-\n',
      'map.yaml': JSON.stringify(configMap('based', { a: '1' })),
    });
    expect(await run('apply', '-k', directory)).toBe('configmap/k-based created\n');
  });
});
