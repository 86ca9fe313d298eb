// What a controller has read or written it shows to nobody, whatever its errors quote.
import { CoreEvent, Secret, type Condition, type Secret as SecretObject } from '@stackwright/kube';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { setCondition } from '../conditions.js';
import { newController } from '../controller/builder.js';
import { createLogger } from '../log/pino.js';
import { settle, testManager } from '../testing/index.js';
import { learnSecret, learnSecretsOf, maskValues, scrub } from './scrub.js';

const key = { namespace: 'ns', name: 'a' };
const secret = fc
  .string({ unit: fc.constantFrom(...`'"@%\\/:;&$ \néß漢😀abcdefXYZ0189`), minLength: 8, maxLength: 30 })
  .filter((value) => value === value.trim() && /[a-zA-Z0-9]{3}/.test(value) && !/^[a-z]+$/i.test(value));

/** As drivers, shells and servers quote what they were given. */
const quoted = (value: string): string[] => [
  value,
  JSON.stringify({ connection: `mysql://u:${value}@db/x` }),
  `mysql://u:${encodeURIComponent(value)}@db/x`,
  `near '${value.replaceAll(/['\\]/g, '\\$&')}'`,
  `echo '${value.replaceAll("'", "'\\''")}'`,
  Buffer.from(`user:${value}`).toString('base64'),
];

it('random secrets come out of no log, event or condition', async () => {
  await fc.assert(
    fc.asyncProperty(secret, fc.boolean(), async (value, isWritten) => {
      let lines = '';
      const log = createLogger({ level: 'debug', destination: { write: (line) => void (lines += line) } });
      const test = testManager({ log });
      const data = {
        password: Buffer.from(value).toString('base64'),
        username: Buffer.from('keystone').toString('base64'),
      };
      await test.client.seed(Secret, { metadata: key, ...(isWritten ? {} : { data }) });
      let conditions: readonly Condition[] = [];
      newController(test.manager, 'sample')
        .for(Secret)
        .complete(async (request, { client, log: own }) => {
          const found = test.manager.cache.get(Secret, request);
          if (isWritten)
            await client.patch(Secret, request, { type: 'merge', body: { stringData: { password: value } } });
          const message = quoted(value).join(' ');
          test.manager.events.record(found ?? {}, { type: 'Warning', reason: 'Failed', action: 'Try', note: message });
          conditions = setCondition([], { type: 'Ready', status: 'False', reason: 'Failed', message }, '');
          own.info(
            {
              deep: {
                in: { a: [message, { field: message }] },
                url: new URL(`http://x/?q=${encodeURIComponent(value)}`),
              },
            },
            message,
          );
          throw new Error(message, { cause: new Error(message) });
        });
      await test.start();
      await settle();
      await test.stop();
      const events = (await test.client.list(CoreEvent)).items.map(({ message }) => message ?? '').join(' ');
      expect(events).toContain('***');
      for (const text of [lines, events, conditions[0]?.message ?? '']) {
        expect(text.length).toBeGreaterThan(0);
        for (const form of [...quoted(value), JSON.stringify(value).slice(1, -1), encodeURIComponent(value)])
          expect(text).not.toContain(form);
      }
      // What is no secret can still be read.
      expect(scrub('user keystone is unknown')).toBe('user keystone is unknown');
    }),
    { numRuns: 40 },
  );
});

it('values that only the caller knows are masked once, however short', () => {
  expect(maskValues("no 'ab' for it''s-me", ['ab', "it's-me"])).toBe("no '***' for ***");
  expect(scrub("it's-me")).toBe("it's-me");
});

it('of values that only the caller knows the longer one goes first', () => {
  expect(maskValues('x abcd', ['ab', 'abcd'])).toBe('x ***');
});

const secretOf = (name: string, stringData: Record<string, string>): SecretObject => ({
  metadata: { namespace: 'openstack', name },
  stringData,
});

it('a value in use stays known, however many others come after it', () => {
  const read = secretOf('db', { password: 'Still-1n-use' });
  for (let n = 0; n < 5_000; n++) {
    learnSecret(`other-value-${n}`);
    learnSecretsOf(Secret, read);
  }
  expect(scrub('not Still-1n-use')).toBe('not ***');
});

it('what a file of settings assigns is known by itself', () => {
  learnSecretsOf(Secret, secretOf('conf', { 'my.cnf': '[client]\nhost=db\nuser=root\npassword="Zx9 hunter"\n' }));
  expect(scrub("denied: 'Zx9 hunter' for root at db")).toBe("denied: '***' for root at db");
});

it('names are no secrets: those of the Secret, of its user, of what settings choose', () => {
  const settings = { username: 'cinder', password: 'cinder', key_manager: 'barbican', token_ttl: '86400000' };
  learnSecretsOf(Secret, secretOf('cinder-db', settings));
  learnSecretsOf(Secret, secretOf('placement', { password: 'placement' }));
  const message = 'placement and cinder-db wait for barbican, 86400000 ms';
  expect(scrub(message)).toBe(message);
});

it('half a character is written as the API server would store it', () => {
  expect(scrub('😀'.slice(1))).toBe('\ufffd');
  expect(scrub('😀')).toBe('😀');
});
