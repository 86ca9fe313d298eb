import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bench } from '../support/bench.js';
import { Callback, unreachable, type Answering } from '../support/callback.js';
import { eventually } from '../support/eventually.js';
import { configMap } from '../support/objects.js';
import { RUN_LABEL, target } from '../support/target.js';

const api = bench('webhooks');
const { CONFIGMAPS } = api.paths;
const ADMISSION = '/apis/admissionregistration.k8s.io/v1';

const reason = unreachable();
let callback: Callback | undefined;
const listener = (): Callback => {
  if (!callback) throw new Error('nobody listens');
  return callback;
};

beforeAll(async () => {
  if (reason === undefined) callback = await Callback.start();
});
afterAll(() => callback?.stop());
beforeEach(({ skip }) => {
  if (reason !== undefined) skip(reason);
});

interface Hook {
  kind?: 'Validating' | 'Mutating';
  operations?: string[];
  extra?: object;
}

/** Registers a webhook for ConfigMaps of this namespace, runs the test while it is there, and takes it away. */
async function withWebhook(
  name: string,
  answer: Answering,
  { kind = 'Validating', operations = ['CREATE', 'UPDATE'], extra = {} }: Hook,
  test: () => Promise<void>,
): Promise<void> {
  const path = `${ADMISSION}/${kind.toLowerCase()}webhookconfigurations`;
  const own = api.clusterWide(name);
  const clientConfig = listener().at(`/${name}`, answer);
  await api.create(path, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: `${kind}WebhookConfiguration`,
    metadata: { name: own, labels: { [RUN_LABEL]: target.run } },
    webhooks: [
      {
        name: `${name}.conformance.stackwright.dev`,
        clientConfig,
        rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations }],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': api.namespace } },
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        timeoutSeconds: 5,
        failurePolicy: 'Fail',
        ...extra,
      },
    ],
  });
  try {
    await test();
  } finally {
    await api.delete(`${path}/${own}`);
    // Servers notice in their own time: the next test must not meet it.
    await eventually(async () => {
      const before = listener().calls(`/${name}`);
      await api.post(`${CONFIGMAPS}?dryRun=All`, configMap(`gone-${name}`));
      expect(listener().calls(`/${name}`)).toBe(before);
    });
  }
}

const allow = (): object => ({ allowed: true });
const patch = (operations: object[]): object => ({
  allowed: true,
  patchType: 'JSONPatch',
  patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
});
const dry = (name: string, data: Record<string, string> = {}, metadata: object = {}) =>
  api.post(`${CONFIGMAPS}?dryRun=All`, configMap(name, data, metadata));

describe('a validating webhook', () => {
  it('refuses, with its own words and code', async () => {
    const answer = (): object => ({ allowed: false, status: { code: 403, message: 'not on a Sunday' } });
    await withWebhook('refusing', answer, {}, async () => {
      await eventually(async () => {
        const { code, body } = await dry('any');
        expect(code).toBe(403);
        expect(body.message).toBe(
          'admission webhook "refusing.conformance.stackwright.dev" denied the request: not on a Sunday',
        );
      });
    });
  });

  it('is told what is asked: operation, object, old object, user, dry run', async () => {
    await api.create(CONFIGMAPS, configMap('told', { a: '1' }));
    await withWebhook('told', allow, {}, async () => {
      await eventually(async () => {
        await api.merge(`${CONFIGMAPS}/told?dryRun=All`, { data: { a: '2' } });
        expect(listener().asked.at(-1)).toMatchObject({
          operation: 'UPDATE',
          name: 'told',
          namespace: api.namespace,
          dryRun: true,
          kind: { kind: 'ConfigMap' },
          object: { data: { a: '2' } },
          oldObject: { data: { a: '1' } },
        });
      });
      expect(listener().asked.at(-1)?.userInfo.username).toMatch(/./);
    });
  });

  it('is asked about deletions, with the old object', async () => {
    await api.create(CONFIGMAPS, configMap('deleted'));
    await withWebhook(
      'deletions',
      () => ({ allowed: false }),
      { operations: ['DELETE'] },
      async () => {
        await eventually(async () => expect((await api.delete(`${CONFIGMAPS}/deleted?dryRun=All`)).code).toBe(400));
        expect(listener().asked.at(-1)).toMatchObject({
          operation: 'DELETE',
          object: null,
          oldObject: { metadata: { name: 'deleted' } },
        });
      },
    );
  });

  it('may warn, of a deletion too', async () => {
    await api.create(CONFIGMAPS, configMap('old'));
    const answer = (): object => ({ allowed: true, warnings: ['think twice'] });
    await withWebhook('warning', answer, { operations: ['CREATE', 'DELETE'] }, async () => {
      await eventually(async () => expect((await dry('warned')).headers['warning']).toContain('299 - "think twice"'));
      await eventually(async () => {
        const { headers } = await api.delete(`${CONFIGMAPS}/old?dryRun=All`);
        expect(headers['warning']).toContain('299 - "think twice"');
      });
    });
  });

  it('is asked only about what its selectors and conditions choose', async () => {
    const extra = {
      objectSelector: { matchLabels: { checked: 'yes' } },
      matchConditions: [{ name: 'not-exempt', expression: "!object.metadata.name.startsWith('exempt-')" }],
    };
    await withWebhook(
      'choosing',
      () => ({ allowed: false }),
      { extra },
      async () => {
        const labels = { checked: 'yes' };
        await eventually(async () => expect((await dry('chosen', {}, { labels })).code).toBe(400));
        expect((await dry('unlabelled')).code).toBe(201);
        expect((await dry('exempt-one', {}, { labels })).code).toBe(201);
      },
    );
  });

  it('that cannot be called refuses, or not, by its failurePolicy', async () => {
    const clientConfig = { url: 'https://127.0.0.1:9/nobody' };
    await withWebhook('failing', allow, { extra: { clientConfig } }, async () => {
      await eventually(async () => {
        const { code, body } = await dry('lost');
        expect(code).toBe(500);
        expect(body.message).toContain('failed calling webhook "failing.conformance.stackwright.dev"');
      });
    });
    await withWebhook('ignoring', allow, { extra: { clientConfig, failurePolicy: 'Ignore' } }, async () => {
      expect((await dry('found')).code).toBe(201);
    });
  });
});

describe('a mutating webhook', () => {
  it('changes what is written, and what it changed has its field manager', async () => {
    const answer = (): object => patch([{ op: 'add', path: '/data/added', value: 'yes' }]);
    await withWebhook('mutating', answer, { kind: 'Mutating' }, async () => {
      await eventually(async () =>
        expect((await dry('changed', { a: '1' })).body.data).toEqual({ a: '1', added: 'yes' }),
      );
      await api.create(CONFIGMAPS, configMap('changed', { a: '1' }));
      expect((await api.get(`${CONFIGMAPS}/changed`)).body.data).toEqual({ a: '1', added: 'yes' });
    });
  });

  it('comes before the validating ones', async () => {
    const add = (): object => patch([{ op: 'add', path: '/metadata/labels', value: { stamped: 'yes' } }]);
    const check: Answering = ({ object }) => ({ allowed: object?.metadata.labels?.['stamped'] === 'yes' });
    await withWebhook('stamping', add, { kind: 'Mutating' }, async () => {
      await eventually(async () => expect((await dry('stamped')).body.metadata.labels).toEqual({ stamped: 'yes' }));
      await withWebhook('checking', check, {}, async () => expect((await dry('checked')).code).toBe(201));
    });
  });

  it('cannot make an invalid object pass', async () => {
    const spoil = (): object => patch([{ op: 'add', path: '/metadata/labels', value: { bad: 'not ok!' } }]);
    await withWebhook('spoiling', spoil, { kind: 'Mutating' }, async () => {
      await eventually(async () => expect((await dry('spoiled')).code).toBe(422));
    });
  });
});

describe('a configuration', () => {
  const post = (webhook: object) =>
    api.post(`${ADMISSION}/validatingwebhookconfigurations?dryRun=All`, {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: api.clusterWide('invalid') },
      webhooks: [
        {
          name: 'invalid.conformance.stackwright.dev',
          clientConfig: { url: 'https://127.0.0.1:1/' },
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
          ...webhook,
        },
      ],
    });

  const rule = { apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: ['LOOK'] };
  const condition = (expression: string): object => ({ matchConditions: [{ name: 'c', expression }] });

  it.each([
    ['a name without a domain', { name: 'bare' }, 'name', 'at least three segments'],
    ['nobody to ask', { clientConfig: {} }, 'clientConfig', 'exactly one of url or service is required'],
    [
      'a URL without TLS',
      { clientConfig: { url: 'http://127.0.0.1:1/' } },
      'clientConfig.url',
      "'https' is the only allowed URL scheme",
    ],
    ['side effects', { sideEffects: 'Some' }, 'sideEffects', 'Unsupported value: "Some"'],
    ['no version of reviews', { admissionReviewVersions: [] }, 'admissionReviewVersions', ''],
    [
      'no known version of reviews',
      { admissionReviewVersions: ['v9'] },
      'admissionReviewVersions',
      'must include at least one of',
    ],
    ['a time-out beyond thirty seconds', { timeoutSeconds: 31 }, 'timeoutSeconds', 'between 1 and 30 seconds'],
    ['an unknown operation', { rules: [rule] }, 'rules[0].operations[0]', 'Unsupported value: "LOOK"'],
    ['a condition that cannot be read', condition('object.'), 'matchConditions[0].expression', 'Syntax error'],
    [
      'a condition about what there is not',
      condition('nothing'),
      'matchConditions[0].expression',
      'undeclared reference',
    ],
  ])('with %s is refused', async (_what, webhook, field, message) => {
    const { code, body } = await post(webhook);
    expect(code).toBe(422);
    const cause = body.details.causes.find((one) => one.field === `webhooks[0].${field}`);
    expect(cause?.message).toContain(message);
  });

  it('is given its defaults', async () => {
    const { body } = await post({});
    expect(body).toMatchObject({
      webhooks: [{ failurePolicy: 'Fail', matchPolicy: 'Equivalent', timeoutSeconds: 10, namespaceSelector: {} }],
    });
  });
});
