// What comes of a claim whose Secret is not whole (any more): the provider may be somebody else's, and people edit Secrets.
import {
  cacheConnectionKeys,
  databaseConnectionKeys,
  identityConnectionKeys,
  messagingConnectionKeys,
} from '@stackwright/api';
import { Deployment, Secret } from '@stackwright/kube';
import { beforeEach, expect, it } from 'vitest';
import { secretWith } from '../secrets/secret.js';
import { Sample, sample, sampleService } from '../testing/sample-service.js';
import { ServiceHarness } from '../testing/service-harness.js';

const keys = {
  database: databaseConnectionKeys,
  cache: cacheConnectionKeys,
  identity: identityConnectionKeys,
  messaging: messagingConnectionKeys,
} as const;

let harness: ServiceHarness<Sample>;

beforeEach(async () => {
  harness = new ServiceHarness(sampleService, { kinds: [Sample] });
  await harness.standUp(sample({ notifications: true }));
  expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
});

const deployment = () => harness.api.peek(Deployment, harness.at('sample'));
const conditionOf = (claim: string) => harness.condition(`${claim.charAt(0).toUpperCase()}${claim.slice(1)}Ready`);

it.each(Object.entries(keys).flatMap(([claim, all]) => all.map((key) => [claim, key] as const)))(
  'the Secret of the %s claim that loses %s is named, is no loop, stops nothing that runs, and heals',
  async (claim, key) => {
    const secret = `sample-${claim}-connection`;
    const whole = harness.values(secret);
    const before = deployment();
    await harness.loseKey(secret, key);
    await harness.settle();
    expect(conditionOf(claim)).toMatchObject({
      ...{ status: 'False', reason: 'SecretIncomplete' },
      message: expect.stringMatching(new RegExp(`^Secret ${secret} of \\w+ sample-${claim} lacks ${key}$`)) as string,
    });
    expect(await harness.reconcilesIn(600_000)).toBeLessThan(100);
    expect(deployment()).toEqual(before);
    await harness.edit(Secret, secret, secretWith(secret, whole));
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  },
);

it.each(['', 'mysql', '0', '70000'])(
  'a database without a port number (%o) is not written into a configuration',
  async (port) => {
    const secret = 'sample-database-connection';
    await harness.edit(Secret, secret, secretWith(secret, { ...harness.values(secret), port }));
    await harness.settle();
    expect(conditionOf('database')).toMatchObject({ status: 'False', reason: 'SecretIncomplete' });
  },
);

it('a user who was made again takes new Pods: those that run keep tokens of the one before', async () => {
  const secret = 'sample-identity-connection';
  const template = () => deployment()?.spec?.template.metadata?.annotations?.['stackwright.dev/user-ids'];
  await harness.edit(Secret, secret, secretWith(secret, { ...harness.values(secret), user_id: 'first' }));
  await harness.settle();
  expect(template()).toBe('{"sample-identity":"first"}');
  await harness.edit(Secret, secret, secretWith(secret, { ...harness.values(secret), user_id: 'second' }));
  await harness.settle();
  expect(template()).toBe('{"sample-identity":"second"}');
});
