import { describe } from 'vitest';
import { refuses } from '../testing/refusals.js';

const selector = { matchLabels: { app: 'web' } };
const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'web:1' }] } };
const claim = {
  metadata: { name: 'data' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
};
const workload = (kind: string, spec: object = {}): object => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name: 'web' },
  spec: { selector, template, ...spec },
});

describe('a Deployment', () => {
  refuses('/apis/apps/v1/namespaces/default/deployments', workload('Deployment'), [
    ['spec/replicas', -1, 'spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
    [
      'spec/strategy',
      { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } },
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0',
    ],
    ['spec/strategy', { type: 'Slow' }, 'spec.strategy'],
    ['spec/template/metadata/labels', { app: 'x' }, 'spec.template.metadata.labels: Invalid value'],
    ['spec/template/spec/restartPolicy', 'Never', 'spec.template.spec.restartPolicy: Unsupported value: "Never"'],
    ['spec/minReadySeconds', -1, 'spec.minReadySeconds: Invalid value: -1'],
  ]);
});

describe('a StatefulSet', () => {
  refuses('/apis/apps/v1/namespaces/default/statefulsets', workload('StatefulSet', { volumeClaimTemplates: [claim] }), [
    ['metadata/name', 'a.b', 'metadata.name: Invalid value: "a.b": must not contain dots'],
    ['spec/podManagementPolicy', 'Any', 'spec.podManagementPolicy'],
    [
      'spec/volumeClaimTemplates/0/spec/accessModes',
      [],
      'spec.volumeClaimTemplates[0].spec.accessModes: Required value: at least 1 access mode is required',
    ],
    [
      'spec/volumeClaimTemplates/0/spec/resources',
      {},
      'spec.volumeClaimTemplates[0].spec.resources[storage]: Required value',
    ],
  ]);
});
