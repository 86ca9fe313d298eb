import { describe } from 'vitest';
import { refuses } from '../testing/refusals.js';

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p' },
  spec: { containers: [{ name: 'web', image: 'web:1' }], volumes: [{ name: 'v', emptyDir: {} }] },
};
const here = 'spec/volumes/0';
const told = 'spec.volumes[0]';

describe('a volume', () => {
  refuses('/api/v1/namespaces/default/pods', pod, [
    [`${here}/name`, 'V', `${told}.name: Invalid value: "V"`],
    [here, { name: 'v', secret: { secretName: '' } }, `${told}.secret.secretName: Required value`],
    [here, { name: 'v', configMap: { name: '' } }, `${told}.configMap.name: Required value`],
    [
      here,
      { name: 'v', persistentVolumeClaim: { claimName: '' } },
      `${told}.persistentVolumeClaim.claimName: Required value`,
    ],
    [`${here}/configMap`, { name: 'c' }, `${told}.configMap: Forbidden: may not specify more than 1 volume type`],
    [
      here,
      { name: 'v', nfs: { server: 'a', path: 'b' } },
      `${told}.nfs.path: Invalid value: "b": must be an absolute path`,
    ],
    [
      here,
      { name: 'v', configMap: { name: 'c', items: [{ key: 'a', path: '../b' }] } },
      `${told}.configMap.items[0].path: Invalid value: "../b": must not contain '..'`,
    ],
    [here, { name: 'v', hostPath: { path: '/a', type: 'Any' } }, `${told}.hostPath.type: Unsupported value: "Any"`],
  ]);
});
