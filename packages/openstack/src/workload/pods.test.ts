// What every kind lets be said of its Pods, as it shows in all of them.
import { Deployment, Job } from '@stackwright/kube';
import { expect, it } from 'vitest';
import { sample, sampleService } from '../testing/sample-service.js';
import { ServiceHarness } from '../testing/service-harness.js';
import { resourcesOf } from './resources.js';

const defaults = { requests: { cpu: '100m', memory: '512Mi' } };

it.each([
  ['its own, where nothing is said', undefined, { requests: { cpu: '100m', memory: '512Mi' } }],
  [
    'no more than the limit',
    { limits: { memory: '256Mi' } },
    { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '256Mi' } },
  ],
  [
    'less where the limit is more',
    { limits: { cpu: 2 } },
    { requests: { cpu: '100m', memory: '512Mi' }, limits: { cpu: '2' } },
  ],
  [
    'the same amount in other words',
    { limits: { cpu: 0.05, memory: '0.5Gi' } },
    { requests: { cpu: '0.05', memory: '512Mi' }, limits: { cpu: '0.05', memory: '0.5Gi' } },
  ],
  [
    'what is said, whatever it is',
    { requests: { memory: '1Gi' }, limits: { memory: '512Mi' } },
    { requests: { cpu: '100m', memory: '1Gi' }, limits: { memory: '512Mi' } },
  ],
])('a container requests %s', (_, override, resources) => {
  expect(resourcesOf(defaults, override)).toEqual(resources);
});

it('all Pods of a service carry its labels, annotations and pull secrets besides ours, and take no other place in selectors', async () => {
  const harness = new ServiceHarness(sampleService);
  const podMetadata = {
    labels: { team: 'cloud', 'app.kubernetes.io/name': 'theirs' },
    annotations: { 'backup.example.org/skip': 'true' },
  };
  const config = { 'sample.conf': { DEFAULT: { debug: true } } };
  await harness.standUp(sample({ podMetadata, imagePullSecrets: [{ name: 'registry' }], config }));
  const kinds = [Deployment, Job] as const;
  const templates = (await Promise.all(kinds.map((kind) => harness.listed(kind))))
    .flat()
    .map((object) => (object as Deployment | Job).spec?.template);
  expect(templates.length).toBeGreaterThanOrEqual(2);
  for (const template of templates) {
    expect(template?.metadata?.labels).toMatchObject({ team: 'cloud', 'app.kubernetes.io/name': 'sample' });
    expect(template?.metadata?.annotations).toMatchObject({ 'backup.example.org/skip': 'true' });
    expect(template?.spec?.imagePullSecrets).toEqual([{ name: 'registry' }]);
  }
  const [deployment] = (await harness.listed(Deployment)) as Deployment[];
  expect(deployment?.spec?.selector.matchLabels).not.toHaveProperty('team');
});
