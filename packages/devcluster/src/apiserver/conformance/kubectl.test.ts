// A taste of the real kubectl, the strictest reader of the API that there is. `npm run conformance` is the whole walk.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDevcluster, type Devcluster } from '../../cluster.js';
import { configMap } from '../testing/objects.js';
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
});
