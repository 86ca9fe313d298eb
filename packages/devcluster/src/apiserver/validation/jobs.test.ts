import { describe } from 'vitest';
import { refuses } from '../testing/refusals.js';

const template = { spec: { containers: [{ name: 'web', image: 'web:1' }], restartPolicy: 'Never' } };
const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'once' }, spec: { template } };
const cronJob = {
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: { name: 'often' },
  spec: { schedule: '@every 1h', jobTemplate: { spec: { template } } },
};

describe('a Job', () => {
  refuses('/apis/batch/v1/namespaces/default/jobs', job, [
    ['spec/parallelism', -1, 'spec.parallelism: Invalid value: -1: must be greater than or equal to 0'],
    ['spec/backoffLimit', -1, 'spec.backoffLimit: Invalid value: -1'],
    ['spec/completionMode', 'Some', 'spec.completionMode: Unsupported value: "Some"'],
    [
      'spec/template/spec/restartPolicy',
      'Always',
      'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
    ],
  ]);
});

describe('a CronJob', () => {
  refuses('/apis/batch/v1/namespaces/default/cronjobs', cronJob, [
    ['spec/schedule', '', 'spec.schedule: Required value'],
    ['spec/schedule', '60 * * * *', 'spec.schedule: Invalid value: "60 * * * *"'],
    ['spec/schedule', '* * * * * *', 'spec.schedule: Invalid value: "* * * * * *"'],
    ['spec/timeZone', 'Nowhere', 'spec.timeZone: Invalid value: "Nowhere"'],
    ['spec/concurrencyPolicy', 'Any', 'spec.concurrencyPolicy: Unsupported value: "Any"'],
    ['metadata/name', 'x'.repeat(53), 'metadata.name: Invalid value'],
  ]);
});
