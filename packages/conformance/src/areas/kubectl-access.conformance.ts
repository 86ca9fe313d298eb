import { describe, expect, it } from 'vitest';
import { bench } from '../support/bench.js';
import { kubectlIn } from '../support/kubectl.js';
import { eventually } from '../support/eventually.js';
import { configMap } from '../support/objects.js';

const api = bench('kubectl-auth', { needs: ['kubectl'] });
const kubectl = kubectlIn(api.namespace);
const { run } = kubectl;

const robot = `system:serviceaccount:${api.namespace}:robot`;

describe('kubectl auth', () => {
  it('whoami tells who asks', async () => {
    expect(await run('auth', 'whoami')).toMatch(/Username\s+\S+/);
    expect(await run('auth', 'whoami', '-o', 'jsonpath={.status.userInfo.groups}')).toContain('system:authenticated');
    expect(await run('auth', 'whoami', '--as', 'somebody', '-o', 'jsonpath={.status.userInfo.username}')).toBe(
      'somebody',
    );
  });

  it('can-i tells what the user may', async () => {
    expect(await run('auth', 'can-i', '*', '*')).toBe('yes\n');
    const no = await kubectl.try(['auth', 'can-i', 'get', 'pods', '--as', 'somebody']);
    expect(no).toMatchObject({ code: 1, stdout: expect.stringContaining('no') as unknown });
  });

  it('can-i tells what a ServiceAccount may, as soon as it may', async () => {
    await run('create', 'serviceaccount', 'robot');
    await run('create', 'role', 'robot', '--verb=get,list', '--resource=configmaps');
    await run('create', 'rolebinding', 'robot', '--role=robot', `--serviceaccount=${api.namespace}:robot`);
    await eventually(async () => expect(await run('auth', 'can-i', 'list', 'configmaps', '--as', robot)).toBe('yes\n'));
    expect((await kubectl.try(['auth', 'can-i', 'delete', 'configmaps', '--as', robot])).code).toBe(1);
    expect((await kubectl.try(['auth', 'can-i', 'get', 'pods', '--subresource=log', '--as', robot])).code).toBe(1);
  });

  it('can-i --list lists it', async () => {
    expect(await run('auth', 'can-i', '--list', '--as', robot)).toMatch(/configmaps\s+\[\]\s+\[\]\s+\[get list\]/);
  });

  it('reconcile makes roles as they are written', async () => {
    const role = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'reconciled', namespace: api.namespace },
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
    };
    expect(await run('auth', 'reconcile', '-f', kubectl.file(role))).toContain('reconciled');
    expect(await run('get', 'role', 'reconciled', '-o', 'jsonpath={.rules[0].verbs[0]}')).toBe('get');
  });
});

describe('kubectl --as', () => {
  it('is refused what the other may not', async () => {
    expect(await kubectl.refused('get', 'secrets', '--as', robot)).toContain(
      `Error from server (Forbidden): secrets is forbidden: User "${robot}" cannot list resource "secrets"`,
    );
  });

  it('does what the other may', async () => {
    await run('apply', '-f', kubectl.file(configMap('seen')));
    expect(await run('get', 'configmap', 'seen', '-o', 'name', '--as', robot)).toBe('configmap/seen\n');
    expect(await kubectl.refused('delete', 'configmap', 'seen', '--as', robot)).toContain('(Forbidden)');
  });
});
