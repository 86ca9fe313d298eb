// What administrators do with kubectl: typed commands (sent as protobuf), permissions, nodes, daemons, schedules.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDevcluster, type Devcluster } from '../../cluster.js';
import { isInstalled, Kubectl } from '../testing/kubectl.js';

const installed = isInstalled();

let cluster: Devcluster;
let kubectl: Kubectl;

beforeAll(async () => {
  if (!installed) return;
  cluster = await startDevcluster({ tls: true });
  kubectl = new Kubectl(cluster.kubeconfig);
});
afterAll(async () => {
  if (!installed) return;
  kubectl.close();
  await cluster.stop();
});

const template = (name: string): object => ({
  metadata: { labels: { app: name } },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [{ name: 'main', image: 'localhost/example/web:1', ports: [{ containerPort: 80 }] }],
  },
});

const workload = (kind: string, name: string, spec: object = {}): object => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name },
  spec: { selector: { matchLabels: { app: name } }, template: template(name), ...spec },
});

describe.skipIf(!installed)('kubectl', { timeout: 60_000 }, () => {
  it('creates what it has commands for', async () => {
    const made = await Promise.all(
      [
        'namespace team',
        'configmap settings --from-literal=a=1',
        'secret generic password --from-literal=a=secret',
        'serviceaccount robot',
        'deployment idle --image=localhost/example/web:1 --replicas=0 --port=80',
        'service clusterip idle --tcp=80:8080',
        'poddisruptionbudget idle --selector=app=idle --min-available=50%',
        'role reader --verb=get,list --resource=pods,deployments.apps',
        'rolebinding reader --role=reader --serviceaccount=default:robot',
        'job once --image=localhost/example/task:1 -- do it',
      ].map((command) => kubectl.ok('create', ...command.split(' '))),
    );
    expect(made.every((line) => line.endsWith(' created\n'))).toBe(true);
    const { stdout } = await kubectl.run(['get', 'deployment', 'idle', '-o', 'json']);
    expect(JSON.parse(stdout)).toMatchObject({
      spec: { replicas: 0, template: { spec: { containers: [{ name: 'web', ports: [{ containerPort: 80 }] }] } } },
    });
    expect(await kubectl.ok('create', 'token', 'robot', '--duration=20m')).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
  });

  it('says who one is and what one may do', async () => {
    const robot = '--as=system:serviceaccount:default:robot';
    expect(await kubectl.ok('auth', 'whoami')).toContain('kubernetes-admin');
    expect(await kubectl.ok('auth', 'can-i', '*', '*')).toBe('yes\n');
    expect(await kubectl.ok('auth', 'can-i', 'list', 'deployments', robot)).toBe('yes\n');
    expect((await kubectl.run(['auth', 'can-i', 'delete', 'pods', robot])).stdout).toBe('no\n');
    expect(await kubectl.ok('auth', 'can-i', '--list', robot)).toMatch(
      /deployments\.apps\s+\[\]\s+\[\]\s+\[get list\]/,
    );
    expect(await kubectl.ok('auth', 'whoami', '--as=ann', '--as-group=a', '--as-group=b')).toMatch(
      /Username\s+ann\nGroups\s+\[a b system:authenticated\]/,
    );
    expect(await kubectl.fails('get', 'secrets', robot)).toBe(
      'Error from server (Forbidden): secrets is forbidden: User "system:serviceaccount:default:robot" cannot list resource "secrets" in API group "" in the namespace "default"\n',
    );
  });

  it('drains a node as far as disruption budgets let it', async () => {
    const budget = {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'web' },
      spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
    };
    const objects = [workload('DaemonSet', 'agent'), workload('Deployment', 'web', { replicas: 2 }), budget];
    await kubectl.ok('apply', '-f', kubectl.file(...objects));
    await kubectl.ok('rollout', 'status', 'daemonset/agent', '--timeout=30s');
    await kubectl.ok('rollout', 'status', 'deployment/web', '--timeout=30s');
    await kubectl.ok('wait', 'pdb/web', '--for=jsonpath={.status.disruptionsAllowed}=1', '--timeout=30s');
    expect(await kubectl.fails('drain', 'simulated')).toContain('cannot delete DaemonSet-managed Pods');
    const half = await kubectl.run(['drain', 'simulated', '--ignore-daemonsets', '--timeout=1s']);
    expect(half.stderr).toContain("Cannot evict pod as it would violate the pod's disruption budget.");
    expect(await kubectl.ok('get', 'pods', '-l', 'app=web')).toMatch(/Pending[^]*Running|Running[^]*Pending/);
    expect(await kubectl.ok('describe', 'node', 'simulated')).toContain('node.kubernetes.io/unschedulable:NoSchedule');
    await kubectl.ok('uncordon', 'simulated');
    await kubectl.ok('rollout', 'status', 'deployment/web', '--timeout=30s');
    await kubectl.ok('delete', 'pdb', 'web');
    expect(await kubectl.ok('drain', 'simulated', '--ignore-daemonsets')).toContain('node/simulated drained');
    await kubectl.ok('uncordon', 'simulated');
  });

  it('rolls DaemonSets and StatefulSets out and back', async () => {
    await kubectl.ok('apply', '-f', kubectl.file(workload('StatefulSet', 'db', { serviceName: 'db' })));
    for (const name of ['daemonset/agent', 'statefulset/db']) {
      await kubectl.ok('rollout', 'status', name, '--timeout=30s');
      await kubectl.ok('set', 'image', name, 'main=localhost/example/web:2');
      await kubectl.ok('rollout', 'status', name, '--timeout=30s');
      expect(await kubectl.ok('rollout', 'history', name)).toMatch(/1 .*\n2 /);
      await kubectl.ok('rollout', 'undo', name);
      await kubectl.ok('rollout', 'restart', name);
      await kubectl.ok('rollout', 'status', name, '--timeout=30s');
      expect(await kubectl.ok('get', name, '-o', 'jsonpath={..image}')).toBe('localhost/example/web:1');
    }
    expect(await kubectl.ok('get', 'daemonset', 'agent')).toMatch(/agent\s+1\s+1\s+1\s+1\s+1\s+<none>/);
  });

  it('makes schedules, and Jobs out of them', async () => {
    const command = 'create cronjob tick --image=localhost/example/task:1 --schedule=0_0_1_1_* -- do it';
    await kubectl.ok(...command.split(' ').map((word) => word.replaceAll('_', ' ')));
    await kubectl.ok('create', 'job', 'now', '--from=cronjob/tick');
    await kubectl.ok('wait', 'job/now', '--for=condition=Complete', '--timeout=30s');
    expect(await kubectl.ok('get', 'cronjob', 'tick')).toMatch(/tick\s+0 0 1 1 \*\s+<none>\s+False\s+0\s+<none>/);
    expect(await kubectl.fails('create', 'cronjob', 'bad', '--image=x', '--schedule=soon')).toContain(
      'spec.schedule: Invalid value: "soon": expected exactly 5 fields',
    );
  });
});
