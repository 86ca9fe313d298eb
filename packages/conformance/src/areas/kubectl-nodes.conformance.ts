import { describe, expect, it, type TestContext } from 'vitest';
import { bench } from '../support/bench.js';
import { kubectlIn } from '../support/kubectl.js';
import { eventually } from '../support/eventually.js';
import { deployment, serving } from '../support/objects.js';
import { target } from '../support/target.js';

const api = bench('kubectl-nodes', { needs: ['kubectl', 'controllers', 'node'] });
const kubectl = kubectlIn(api.namespace);
const { run } = kubectl;

/** The suite does not take a node of somebody's cluster out of service. */
const ours = (test: Pick<TestContext, 'skip'>): void => {
  if (!target.devcluster && !process.env['CONFORMANCE_DRAIN'])
    test.skip('a node would be drained: CONFORMANCE_DRAIN=yes allows it, on a cluster that nobody else uses');
};
const firstNode = (): Promise<string> => run('get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}');

describe('kubectl', () => {
  it('get and describe show the nodes', async () => {
    expect(await run('get', 'nodes')).toMatch(/^NAME\s+STATUS\s+ROLES\s+AGE\s+VERSION\n\S+\s+Ready/);
    expect(await run('describe', 'node', await firstNode())).toMatch(/Conditions:(.|\n)*Ready\s+True/);
  });

  it('top shows figures, or says that there are none', async () => {
    const { code, stdout, stderr } = await kubectl.try(['top', 'nodes']);
    if (code === 0) expect(stdout).toMatch(/^NAME\s+CPU/);
    else expect(stderr).toContain('Metrics API not available');
  });

  it('taint and label change a node, and back', async (test) => {
    ours(test);
    const node = await firstNode();
    await run('taint', 'node', node, 'conformance=here:PreferNoSchedule');
    expect(await run('get', 'node', node, '-o', 'jsonpath={.spec.taints[*].key}')).toContain('conformance');
    await run('taint', 'node', node, 'conformance-');
    await run('label', 'node', node, 'conformance=here');
    await run('label', 'node', node, 'conformance-');
  });

  it('drain cordons a node and evicts what runs there, as budgets allow; uncordon takes it back', async (test) => {
    ours(test);
    const node = await firstNode();
    const budget = {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'web' },
      spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
    };
    const pinned = serving('web', { nodeSelector: { 'kubernetes.io/hostname': node } });
    await run('apply', '-f', kubectl.file(deployment('web', { replicas: 1, template: pinned }), budget));
    await run('rollout', 'status', 'deployment/web', '--timeout=60s');
    await run('wait', 'pdb/web', '--for=jsonpath={.status.currentHealthy}=1', '--timeout=60s');
    const drain = ['drain', node, '--ignore-daemonsets', '--delete-emptydir-data', '--pod-selector=app=web'];
    try {
      const held = await kubectl.refused(...drain, '--timeout=2s');
      expect(held).toContain("Cannot evict pod as it would violate the pod's disruption budget.");
      expect(await run('get', 'node', node)).toContain('Ready,SchedulingDisabled');
      await run('patch', 'pdb', 'web', '--type=merge', '-p', '{"spec":{"minAvailable":0}}');
      expect(await run(...drain, '--timeout=60s')).toContain(`node/${node} drained`);
      // What takes its place finds no node.
      await eventually(async () =>
        expect(await run('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].status.phase}')).toBe('Pending'),
      );
    } finally {
      await run('uncordon', node);
    }
    await run('rollout', 'status', 'deployment/web', '--timeout=60s');
  });
});
