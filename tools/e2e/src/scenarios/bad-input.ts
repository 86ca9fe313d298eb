import { ControlPlane } from '@stackwright/api';
import { Keystone } from '@stackwright/keystone';
import { ApiError, apiVersionOf, toYaml, type CustomResource } from '@stackwright/kube';
import { expect, it } from 'vitest';
import { hasKubectl, namespace, type Cluster } from '../cluster.js';

const bad: [string, CustomResource, object, RegExp][] = [
  ['a number out of range', Keystone, { release: '2025.1', replicas: 0 }, /spec\.replicas/],
  ['a wrong type', Keystone, { release: '2025.1', replicas: 'two' }, /spec\.replicas/],
  ['a required field that is missing', Keystone, { replicas: 1 }, /spec\.release/],
  ['a value that matches no pattern', Keystone, { release: 'epoxy' }, /spec\.release/],
  ['a field below others', Keystone, { release: '2025.1', fernet: { maxActiveKeys: 1 } }, /spec\.fernet\.maxActiveKeys/],
  ['a role that two services play', ControlPlane, { release: '2025.1', infrastructure: { database: { mariadb: {}, mysql: {} } } }, /spec\.infrastructure\.database/],
];

const objectOf = (kind: CustomResource, spec: object) => ({
  apiVersion: apiVersionOf(kind),
  kind: kind.kind,
  metadata: { name: 'bad', namespace },
  spec,
});

export function badInput(cluster: Cluster): void {
  it.each(bad)('%s is refused, by the path of the field', async (_what, kind, spec, path) => {
    const refused: unknown = await cluster.client.create<object>(kind, objectOf(kind, spec)).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ApiError);
    expect((refused as ApiError).code).toBe(422);
    expect((refused as ApiError).message).toMatch(path);
    if (!(await hasKubectl())) return;
    const { code, stderr } = await cluster.kubectl(toYaml(objectOf(kind, spec)), 'apply', '-f', '-');
    expect(code).toBe(1);
    expect(stderr).toMatch(path);
  });

  it('kubectl refuses a field that does not exist', async ({ skip }) => {
    if (!(await hasKubectl())) skip('kubectl is not installed');
    const { code, stderr } = await cluster.kubectl(toYaml(objectOf(Keystone, { release: '2025.1', replica: 1 })), 'apply', '-f', '-');
    expect(code).toBe(1);
    expect(stderr).toMatch(/unknown field "spec\.replica"/);
  });
}
