import { badInputs, badObject } from '@stackwright/integration';
import { ApiError, toYaml } from '@stackwright/kube';
import { expect, it } from 'vitest';
import { hasKubectl, namespace, type Cluster } from '../cluster.js';

export function badInput(cluster: Cluster): void {
  it.each(badInputs)('$what is refused, by the path of the field', async (input) => {
    const object = badObject(input, namespace);
    const refused: unknown = await cluster.client
      .create(input.kind, object, { fieldValidation: 'Strict' })
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ApiError);
    expect((refused as ApiError).message).toContain(input.path);
  });

  it.for(badInputs)('kubectl says so too: $what', async (input, { skip }) => {
    if (!(await hasKubectl())) skip('kubectl is not installed');
    const { code, stderr } = await cluster.kubectl(toYaml(badObject(input, namespace)), 'apply', '-f', '-');
    expect(code).toBe(1);
    expect(stderr).toContain(input.path);
  });
}
