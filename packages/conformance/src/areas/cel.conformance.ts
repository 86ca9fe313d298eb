import { describe, expect, it } from 'vitest';
import type { Answer } from '../support/api.js';
import { bench } from '../support/bench.js';

interface Rule {
  rule: string;
  message?: string;
  messageExpression?: string;
  reason?: string;
  fieldPath?: string;
  optionalOldSelf?: boolean;
}

/** A schema of an object with these properties, and rules that hold for it. */
const schema = (properties: object, ...rules: Rule[]): object => ({
  type: 'object',
  properties,
  ...(rules.length > 0 ? { 'x-kubernetes-validations': rules } : {}),
});
const field = (type: string, ...rules: Rule[]): object => ({
  type,
  ...(rules.length > 0 ? { 'x-kubernetes-validations': rules } : {}),
});

const spec = schema(
  {
    size: field('integer'),
    max: field('integer'),
    unit: field('string', { rule: 'self == oldSelf', message: 'the unit stays' }),
    once: {
      type: 'string',
      maxLength: 20,
      'x-kubernetes-validations': [
        {
          rule: '!oldSelf.hasValue() || self == oldSelf.value()',
          optionalOldSelf: true,
          message: 'it is set once',
        },
      ],
    },
    names: {
      type: 'array',
      maxItems: 10,
      items: { type: 'string', maxLength: 20 },
      'x-kubernetes-validations': [{ rule: "self.all(name, name.startsWith('x-'))", message: 'names begin with x-' }],
    },
    labels: {
      type: 'object',
      maxProperties: 10,
      additionalProperties: { type: 'string', maxLength: 20 },
      'x-kubernetes-validations': [{ rule: "!('forbidden' in self)", reason: 'FieldValueForbidden' }],
    },
    port: { 'x-kubernetes-int-or-string': true },
    storage: {
      type: 'string',
      maxLength: 20,
      'x-kubernetes-validations': [
        { rule: "isQuantity(self) && quantity(self).compareTo(quantity('1Gi')) >= 0", message: 'at least 1Gi' },
      ],
    },
    url: {
      type: 'string',
      maxLength: 100,
      'x-kubernetes-validations': [{ rule: "isURL(self) && url(self).getScheme() == 'https'", message: 'https only' }],
    },
  },
  {
    rule: '!has(self.max) || self.size <= self.max',
    messageExpression: "'%d is more than %d'.format([self.size, self.max])",
    fieldPath: '.size',
  },
  {
    rule: "!has(self.port) || (type(self.port) == int ? self.port > 0 : self.port == 'auto')",
    message: 'no such port',
  },
);

const openAPIV3Schema = {
  ...schema({ spec }, { rule: "self.metadata.name != 'forbidden'", message: 'not that name' }),
};

const api = bench('cel', {
  widgets: true,
  definition: (definition) => {
    const [version] = definition.spec.versions;
    return {
      ...definition,
      spec: { ...definition.spec, versions: [{ ...version, subresources: undefined, schema: { openAPIV3Schema } }] },
    };
  },
});
const { CRDS, WIDGETS } = api.paths;

const dry = (spec: object, name = 'w'): Promise<Answer> => api.post(`${WIDGETS}?dryRun=All`, api.widget(name, spec));
const causes = ({ body }: Answer): Record<string, string> =>
  Object.fromEntries(body.details.causes.map(({ field, message }) => [field, message]));

describe('a rule', () => {
  it.each([
    ['compares fields', { size: 2, max: 3 }, { size: 4, max: 3 }, 'spec.size', '4 is more than 3'],
    ['goes through a list', { names: ['x-a', 'x-b'] }, { names: ['x-a', 'b'] }, 'spec.names', 'names begin with x-'],
    ['looks into a map', { labels: { a: 'b' } }, { labels: { forbidden: 'b' } }, 'spec.labels', 'Forbidden'],
    ['tells an integer from a string', { port: 'auto' }, { port: 0 }, 'spec', 'no such port'],
    ['knows quantities', { storage: '2Gi' }, { storage: '500Mi' }, 'spec.storage', 'at least 1Gi'],
    ['knows URLs', { url: 'https://a.example' }, { url: 'http://a.example' }, 'spec.url', 'https only'],
  ])('%s', async (_what, good, bad, path, message) => {
    expect((await dry(good)).code).toBe(201);
    const answer = await dry(bad);
    expect(answer.code).toBe(422);
    expect(causes(answer)[path]).toContain(message);
  });

  it('sees the name of the object', async () => {
    const answer = await dry({}, 'forbidden');
    expect(answer.code).toBe(422);
    expect(answer.body.message).toContain('not that name');
  });

  it('with oldSelf holds for changes, not for the creation', async () => {
    await api.create(WIDGETS, api.widget('stays', { unit: 'cm' }));
    const answer = await api.merge(`${WIDGETS}/stays`, { spec: { unit: 'inch' } });
    expect(answer.code).toBe(422);
    expect(causes(answer)['spec.unit']).toContain('the unit stays');
    expect((await api.merge(`${WIDGETS}/stays`, { spec: { size: 5 } })).code).toBe(200);
    // What is taken away is not compared with what it was.
    expect((await api.merge(`${WIDGETS}/stays`, { spec: { unit: null } })).code).toBe(200);
  });

  it('with optionalOldSelf holds for the creation, too', async () => {
    await api.create(WIDGETS, api.widget('once', { once: 'a' }));
    const answer = await api.merge(`${WIDGETS}/once`, { spec: { once: 'b' } });
    expect(answer.code).toBe(422);
    expect(causes(answer)['spec.once']).toContain('it is set once');
  });

  it('that is broken does not hold back what does not touch it', async () => {
    await api.create(WIDGETS, api.widget('touched', { size: 2, max: 3 }));
    expect((await api.apply(`${WIDGETS}/touched`, api.widget('touched', { size: 9 }), 'me', true)).code).toBe(422);
    expect((await api.get(`${WIDGETS}/touched`)).body.spec.size).toBe(2);
  });
});

describe('a definition', () => {
  const define = (rules: Rule[], properties: object = { a: field('integer') }): Promise<Answer> =>
    api.post(
      `${CRDS}?dryRun=All`,
      api.definition('rulers', 'Ruler', {
        schema: { openAPIV3Schema: schema({ spec: schema(properties, ...rules) }) },
      }),
    );

  it.each([
    ['that cannot be read', 'self.a >'],
    ['about a field that is not there', 'self.b > 1'],
    ['that compares what cannot be compared', "self.a == 'one'"],
    ['that is not true or false', 'self.a + 1'],
    ['that calls what there is not', 'self.a.conjure()'],
  ])('with a rule %s is refused', async (_what, rule) => {
    const answer = await define([{ rule }]);
    expect(answer.code).toBe(422);
    expect(answer.body.message).toContain('x-kubernetes-validations[0].rule');
  });

  const list = { type: 'array', items: { type: 'string' } };
  const short = { type: 'array', maxItems: 100, items: { type: 'string', maxLength: 50 } };
  const free = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const most = 'estimated rule cost exceeds budget by factor of ';

  it.each([
    ['that compares all of a list with each other', 'self.a.all(x, self.a.exists(y, x == y))', list, 'more than 100x'],
    ['that looks through endless texts', "self.a.all(x, x.contains('some text'))", list, 'more than 100x'],
    [
      'that goes through a list three times over',
      'self.a.all(x, self.a.all(y, self.a.all(z, x + y != z)))',
      short,
      '6.6x',
    ],
  ])('with a rule %s is refused for what it may cost', async (_what, rule, a, factor) => {
    const answer = await define([{ rule }], { a });
    expect(answer.code, answer.text).toBe(422);
    const cause = answer.body.details.causes.find(({ field }) => field.endsWith('x-kubernetes-validations[0].rule'));
    expect(cause?.message).toContain(most + factor);
  });

  it('is taken where its lists and texts have limits', async () => {
    const rules = [
      { rule: 'self.a.all(x, self.a.exists(y, x == y))' },
      { rule: "self.a.all(x, x.matches('^[a-z]+$'))" },
    ];
    expect((await define(rules, { a: short })).code).toBe(201);
  });

  it('with a cheap rule on each element of an endless list is refused for their number', async () => {
    const items = { ...field('string', { rule: "self.startsWith('some prefix')" }) };
    const answer = await define([], { a: { type: 'array', items: { type: 'array', items } } });
    expect(answer.code, answer.text).toBe(201);
    const dear = { ...field('string', { rule: "self == 'a' || self == 'b' || self.matches('^[a-z]{1,63}$')" }) };
    const refused = await define([], { a: { type: 'array', items: dear } });
    expect(refused.code, refused.text).toBe(422);
    expect(refused.body.message).toContain(most);
  });

  it.each([
    ['on what has no type', { 'x-kubernetes-preserve-unknown-fields': true }, 'true'],
    ['on a map of what has no type', { type: 'object', additionalProperties: {} }, 'true'],
  ])('with a rule %s is refused', async (_what, a, rule) => {
    const answer = await define([], { a: { ...a, 'x-kubernetes-validations': [{ rule }] } });
    expect(answer.code, answer.text).toBe(422);
  });

  it.each([
    ["self.a['x'] == 1", free],
    ["'x' in self.a", free],
    ['self.a.x == 1', free],
    ['self.?b.hasValue()', field('integer')],
    ["self.a.matches('(')", field('string')],
    ["self.a.reverse() == 'x'", field('string')],
    ['cel.bind(x, self.a, x > 1)', field('integer')],
    ['has(self)', field('integer')],
  ])('with the rule %s is refused', async (rule, a) => {
    const answer = await define([{ rule }], { a });
    expect(answer.code, answer.text).toBe(422);
    expect(answer.body.message).toContain('compilation failed');
  });

  /** Of a default that is an object, and of one in a list. */
  const [alone, inList] = ['', '[0]'];
  it.each([
    ['a rule', alone, { rule: 'self.a > 1', message: 'more than one' }, 'more than one'],
    ['a rule', inList, { rule: 'self.a > 1', message: 'more than one' }, 'more than one'],
    ['a rule on what only another default would fill in', alone, { rule: 'self.b > 1' }, 'no such key: b'],
    ['a rule on what only another default would fill in', inList, { rule: 'self.b > 1' }, 'no such key: b'],
    ['a rule that compares, with itself', alone, { rule: 'self.a > oldSelf.a', message: 'it grows' }, 'it grows'],
  ])('with a default that breaks %s is refused: %s', async (_what, where, rule, why) => {
    const items = schema({ a: field('integer'), b: { type: 'integer', default: 2 } }, rule);
    const value = { a: 1 };
    const a = where === alone ? { ...items, default: value } : { type: 'array', maxItems: 3, items, default: [value] };
    const answer = await define([], { a });
    expect(answer.code, answer.text).toBe(422);
    expect(answer.body.message).toContain(`properties[a].default${where}: Invalid value`);
    expect(answer.body.message).toContain(why);
  });

  it('with good rules is taken', async () => {
    expect((await define([{ rule: 'self.a > 1' }])).code).toBe(201);
  });
});
