// The real kubectl walks through the cluster: it is the strictest reader of the API that there is.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDevcluster, type Devcluster } from '../../cluster.js';
import { configMap, deployment, widget, widgetDefinition } from '../testing/http.js';
import { isInstalled, Kubectl, type Result } from '../testing/kubectl.js';

const installed = isInstalled();

let cluster: Devcluster;
let client: Kubectl;

beforeAll(async () => {
  if (!installed) return;
  // kubectl sends no token over plain HTTP.
  cluster = await startDevcluster({ tls: true });
  client = new Kubectl(cluster.kubeconfig);
});
afterAll(async () => {
  if (!installed) return;
  client.close();
  await cluster.stop();
});

const run = (args: readonly string[], extra?: NodeJS.ProcessEnv): Promise<Result> => client.run(args, extra);
const kubectl = (...args: readonly string[]): Promise<string> => client.ok(...args);
const file = (...objects: readonly object[]): string => client.file(...objects);

const web = (replicas: number, extra: object = {}): object =>
  deployment('web', {
    replicas,
    template: {
      metadata: { labels: { app: 'web' } },
      spec: {
        containers: [
          { name: 'main', image: 'localhost/example/memcached:1', ports: [{ containerPort: 11211 }], ...extra },
        ],
      },
    },
  });

describe.skipIf(!installed)('kubectl', { timeout: 60_000 }, () => {
  it('knows what there is', async () => {
    expect(await kubectl('version')).toContain('Server Version: v1.32');
    const resources = await kubectl('api-resources');
    expect(resources).toMatch(/deployments\s+deploy\s+apps\/v1\s+true\s+Deployment/);
    expect(await kubectl('explain', 'deployment.spec.strategy.type')).toContain('RollingUpdate');
  });

  it('applies, gets, describes, edits, diffs and deletes', async () => {
    const path = file(configMap('plain', { a: '1' }));
    expect(await kubectl('apply', '-f', path)).toContain('configmap/plain created');
    expect(await kubectl('apply', '-f', path)).toContain('configmap/plain unchanged');
    const changed = file(configMap('plain', { a: '2' }));
    const diff = await run(['diff', '-f', changed]);
    expect(diff.code).toBe(1);
    expect(diff.stdout).toMatch(/-\s+a: "1"\n\+\s+a: "2"/);
    expect(await kubectl('apply', '-f', changed)).toContain('configmap/plain configured');
    expect(await kubectl('get', 'configmap', 'plain', '-o', 'jsonpath={.data.a}')).toBe('2');
    expect(await kubectl('describe', 'configmap', 'plain')).toContain('Name:         plain');
    const edited = await run(['edit', 'configmap', 'plain'], { KUBE_EDITOR: `sed -i s/\\"2\\"/\\"3\\"/` });
    expect(edited.stdout).toContain('configmap/plain edited');
    expect(await kubectl('get', 'configmap', 'plain', '-o', 'jsonpath={.data.a}')).toBe('3');
    expect(await kubectl('label', 'configmap', 'plain', 'color=red')).toContain('labeled');
    expect(await kubectl('get', 'configmap', '-l', 'color=red', '-o', 'name')).toBe('configmap/plain\n');
    expect(await kubectl('delete', 'configmap', 'plain')).toContain('deleted');
    expect((await run(['get', 'configmap', 'plain'])).stderr).toContain(
      'Error from server (NotFound): configmaps "plain" not found',
    );
  });

  it('validates before it applies', async () => {
    const typo = file({ ...web(1), spec: { ...(web(1) as { spec: object }).spec, replica: 2 } });
    const refused = await run(['apply', '-f', typo]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('strict decoding error: unknown field "spec.replica"');
    const warned = await run(['apply', '-f', typo, '--validate=warn', '--dry-run=server']);
    expect(warned.code).toBe(0);
    expect(warned.stderr).toContain('Warning: unknown field "spec.replica"');
    const wrong = await run(['apply', '-f', file(deployment('wrong', { replicas: -1 }))]);
    expect(wrong.stderr).toContain(
      'The Deployment "wrong" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    );
  });

  it('rolls a Deployment out, scales it, reads its logs, and rolls it back', async () => {
    await kubectl('apply', '-f', file(web(2)));
    expect(await kubectl('rollout', 'status', 'deployment/web', '--timeout=30s')).toContain('successfully rolled out');
    expect(await kubectl('get', 'deployment', 'web')).toMatch(/web\s+2\/2\s+2\s+2/);
    expect(await kubectl('get', 'pods', '-l', 'app=web')).toMatch(/1\/1\s+Running\s+0/);
    expect(await kubectl('logs', 'deployment/web')).not.toBe('');
    expect(await kubectl('describe', 'deployment', 'web')).toContain('2 desired | 2 updated | 2 total | 2 available');
    await kubectl('scale', 'deployment/web', '--replicas=1');
    await kubectl('wait', 'deployment/web', '--for=jsonpath={.status.replicas}=1', '--timeout=30s');
    await kubectl('apply', '-f', file(web(1, { env: [{ name: 'A', value: '1' }] })));
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=30s');
    await kubectl('set', 'env', 'deployment/web', 'B=2');
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=30s');
    expect(
      await kubectl('get', 'deployment', 'web', '-o', 'jsonpath={.spec.template.spec.containers[0].env[*].name}'),
    ).toBe('A B');
    expect(await kubectl('rollout', 'history', 'deployment/web')).toContain('REVISION');
    await kubectl('rollout', 'undo', 'deployment/web');
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=30s');
    expect(
      await kubectl('get', 'deployment', 'web', '-o', 'jsonpath={.spec.template.spec.containers[0].env[*].name}'),
    ).toBe('A');
    await kubectl('delete', 'deployment', 'web', '--cascade=foreground', '--timeout=30s');
    expect((await kubectl('get', 'pods,replicasets', '-l', 'app=web', '-o', 'name')).trim()).toBe('');
  });

  it('patches in all ways', async () => {
    await kubectl('apply', '-f', file(deployment('patched', { replicas: 0 })));
    await kubectl(
      'patch',
      'deployment',
      'patched',
      '-p',
      '{"spec":{"template":{"spec":{"containers":[{"name":"main","env":[{"name":"S","value":"1"}]}]}}}}',
    );
    await kubectl('patch', 'deployment', 'patched', '--type=merge', '-p', '{"metadata":{"labels":{"merged":"yes"}}}');
    await kubectl(
      'patch',
      'deployment',
      'patched',
      '--type=json',
      '-p',
      '[{"op":"replace","path":"/spec/revisionHistoryLimit","value":3}]',
    );
    await kubectl(
      'patch',
      'deployment',
      'patched',
      '--subresource=status',
      '--type=merge',
      '-p',
      '{"status":{"conditions":[{"type":"Tested","status":"True"}]}}',
    );
    await kubectl('wait', 'deployment/patched', '--for=condition=Tested', '--timeout=20s');
    const shown = JSON.parse(await kubectl('get', 'deployment', 'patched', '-o', 'json')) as {
      spec: { revisionHistoryLimit: number; template: object };
      metadata: object;
    };
    expect(shown).toMatchObject({
      metadata: { labels: { merged: 'yes' } },
      spec: {
        revisionHistoryLimit: 3,
        template: { spec: { containers: [{ name: 'main', image: 'busybox:1', env: [{ name: 'S', value: '1' }] }] } },
      },
    });
  });

  it('applies on the server, with conflicts and force', async () => {
    await kubectl('apply', '--server-side', '-f', file(configMap('shared', { a: '1' })), '--field-manager=alice');
    const refused = await run([
      'apply',
      '--server-side',
      '-f',
      file(configMap('shared', { a: '2' })),
      '--field-manager=bob',
    ]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('Apply failed with 1 conflict: conflict with "alice": .data.a');
    await kubectl(
      'apply',
      '--server-side',
      '-f',
      file(configMap('shared', { a: '2' })),
      '--field-manager=bob',
      '--force-conflicts',
    );
    expect(await kubectl('get', 'configmap', 'shared', '-o', 'jsonpath={.data.a}')).toBe('2');
    expect(await kubectl('get', 'configmap', 'shared', '-o', 'yaml', '--show-managed-fields')).toMatch(
      /manager: bob\s+operation: Apply/,
    );
  });

  it('moves from client-side to server-side apply', async () => {
    const path = file(configMap('moved', { a: '1', b: '1' }));
    await kubectl('apply', '-f', path);
    await kubectl('apply', '--server-side', '-f', file(configMap('moved', { a: '2' })));
    expect(await kubectl('get', 'configmap', 'moved', '-o', 'jsonpath={.data}')).toBe('{"a":"2"}');
  });

  it('works with custom resources as with any other', async () => {
    await kubectl('apply', '-f', file(widgetDefinition()));
    await kubectl('wait', 'crd/widgets.example.com', '--for=condition=Established', '--timeout=20s');
    expect(await kubectl('explain', 'widget.spec.size')).toContain('How large it is.');
    const invalid = await run(['apply', '-f', file(widget('w', { size: 0 }))]);
    expect(invalid.stderr).toContain(
      'spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1',
    );
    await kubectl('apply', '-f', file(widget('w', { size: 2 })));
    await kubectl('apply', '-f', file(widget('w', { size: 3, parts: [{ name: 'a' }] })));
    await kubectl(
      'patch',
      'wd',
      'w',
      '--subresource=status',
      '--type=merge',
      '-p',
      '{"status":{"conditions":[{"type":"Ready","status":"True"}]}}',
    );
    const table = await kubectl('get', 'toys');
    expect(table.split('\n')[0]).toMatch(/^NAME\s+SIZE\s+READY\s*$/);
    expect(table.split('\n')[1]).toMatch(/^w\s+3\s+True\s*$/);
    await kubectl('scale', 'widget/w', '--replicas=4');
    expect(await kubectl('get', 'wd', 'w', '-o', 'jsonpath={.spec.replicas}')).toBe('4');
    await kubectl('delete', 'crd', 'widgets.example.com', '--timeout=30s');
    expect((await run(['get', 'widgets'])).stderr).toMatch(
      /doesn't have a resource type|could not find the requested resource/,
    );
  });

  it('watches', async () => {
    const child = client.spawn('get', 'configmaps', '-l', 'watched=yes', '-w', '-o', 'name');
    const seen = new Promise<string>((resolve) => {
      let text = '';
      child.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if (text.split('\n').length > 3) resolve(text);
      });
    });
    await kubectl('apply', '-f', file(configMap('w1', {}, { labels: { watched: 'yes' } })));
    await kubectl('apply', '-f', file(configMap('w2', {}, { labels: { watched: 'yes' } })));
    await kubectl('delete', 'configmap', 'w1');
    expect(await seen).toBe('configmap/w1\nconfigmap/w2\nconfigmap/w1\n');
    child.kill();
  });

  it('deletes a namespace with all that is in it', async () => {
    await kubectl('apply', '-f', file({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'doomed' } }));
    await kubectl('apply', '-n', 'doomed', '-f', file(web(1)));
    await kubectl('rollout', 'status', '-n', 'doomed', 'deployment/web', '--timeout=30s');
    expect(await kubectl('delete', 'namespace', 'doomed', '--timeout=40s')).toContain('deleted');
    expect((await kubectl('get', 'pods', '-A', '-o', 'name')).trim()).toBe('');
  });
});
