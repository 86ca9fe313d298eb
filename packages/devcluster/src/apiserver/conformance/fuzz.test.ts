// Whatever a client sends, for whatever kind and verb: it is the client's mistake or none, and never the server's.
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { ApiError, CustomResourceDefinition } from '@stackwright/kube';
import { isObject } from '../json.js';
import { apiVersionOf, type ServedResource } from '../registry/resource.js';
import { keyOfRequest } from '../request.js';
import { resolve } from '../schema/definitions.js';
import { fieldSchema, type Schema } from '../schema/schema.js';
import { AddressRange } from '../registry/builtin/address-range.js';
import { builtinResources } from '../registry/builtin/index.js';
import { startApiServer, type ApiServer } from '../server.js';
import { widgetDefinition } from '../testing/objects.js';
import { Chance } from '../../testing/chance.js';

const ODD: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e300,
  2 ** 53,
  '',
  'x',
  '-',
  '\0',
  'ß/ü',
  '../..',
  '99999999999999999999',
  '-5Gi',
  '110%',
  '2024-13-45T99:99:99Z',
  '[',
  '{{',
  [],
  [null],
  [{}],
  [[]],
  ['x', 'x'],
  {},
  { a: null },
  { '': {} },
  { constructor: 1, hasOwnProperty: 1, toString: null },
  JSON.parse('{"__proto__": {"x": 1}}'),
];

const TEXTS = [
  'a',
  'b',
  'web',
  'default',
  'x.example/y',
  'v1',
  'Pod',
  '10.0.0.1',
  '80',
  'http',
  '1',
  '100m',
  '50%',
  'TCP',
  '* * * * *',
  'self.a',
  '.a',
];
const NUMBERS = [0, 1, 2, 3, 80, 443, -1, 65_536, 2 ** 31];

/** Something like what the schema says, with something odd here and there. */
function make(schema: Schema, chance: Chance, odd: number, depth = 0): unknown {
  if (chance.hits(odd)) return chance.of(ODD);
  const type = resolve(schema);
  if (type.enum && chance.hits(0.9)) return chance.of(type.enum);
  switch (type.type) {
    case 'object': {
      const result: Record<string, unknown> = {};
      for (const [name, field] of Object.entries(type.properties ?? {})) {
        const wanted = type.required?.includes(name) ? 0.9 : Math.max(0.02, 0.35 - depth * 0.06);
        if (chance.hits(wanted) && depth < 12) result[name] = make(field, chance, odd, depth + 1);
      }
      if (typeof type.additionalProperties === 'object')
        while (chance.hits(0.4)) result[chance.of(TEXTS)] = make(type.additionalProperties, chance, odd, depth + 1);
      if (chance.hits(0.03)) result['unknown'] = chance.of(ODD);
      return result;
    }
    case 'array': {
      const items: unknown[] = [];
      while (chance.hits(0.5)) items.push(make(type.items ?? {}, chance, odd, depth + 1));
      return items;
    }
    case 'integer':
    case 'number':
      return chance.of(NUMBERS);
    case 'boolean':
      return chance.hits(0.5);
    case 'string':
      if (type.format === 'date-time') return '2024-01-01T00:00:00Z';
      if (type.format === 'micro-time') return '2024-01-01T00:00:00.000000Z';
      if (type.format === 'byte') return 'YQ==';
      if (type.format === 'quantity') return chance.of(['1', '100m', '1Gi', '-1']);
      return chance.of(TEXTS);
    default:
      return type['x-kubernetes-int-or-string'] ? chance.of([1, 'http', '50%']) : chance.of(ODD);
  }
}

const ROUNDS = 12;
let server: ApiServer;
let unexpected: string[];
beforeAll(async () => {
  // What the server did not expect it says here as well.
  unexpected = [];
  vi.spyOn(process, 'emitWarning').mockImplementation((warning) => {
    unexpected.push(warning instanceof Error ? (warning.stack ?? warning.message) : warning);
  });
  server = await startApiServer();
  await server.client().create(CustomResourceDefinition, widgetDefinition() as CustomResourceDefinition);
  return () => vi.restoreAllMocks();
});
afterAll(() => server.stop());

const kinds = [...builtinResources(new AddressRange('10.96.0.0/16')).map(({ kind }) => kind), 'Widget'];

it.each(kinds)('no body for a %s is answered with a 500', async (kind) => {
  const { store, registry } = server.context;
  const faults: string[] = [];
  for (const resource of registry.all().filter((each) => each.kind === kind)) {
    const before = new Set(store.list(resource.storage));
    const chance = new Chance(kinds.indexOf(kind) + 1);
    for (let round = 0; round < ROUNDS; round += 1)
      for (const request of requestsFor(resource, chance)) {
        const problem = await problemOf(request);
        if (problem !== undefined) faults.push(problem);
      }
    // A webhook or a policy that came of it would have a say in what follows.
    for (const object of store.list(resource.storage))
      if (!before.has(object)) store.delete(resource.storage, keyOfRequest(object.metadata));
  }
  expect(faults).toEqual([]);
});

interface Request {
  method: string;
  path: string;
  contentType: string;
  body: unknown;
}

function* requestsFor(resource: ServedResource, chance: Chance): Generator<Request> {
  const collection = `${resource.group ? '/apis/' : '/api/'}${apiVersionOf(resource)}${resource.namespaced ? '/namespaces/default' : ''}/${resource.plural}`;
  const [known] = server.context.store
    .list(resource.storage)
    .map(({ metadata }) => metadata.name ?? '')
    .reverse();
  const name = known ?? 'a';
  const item = `${collection}/${name}`;
  const json = 'application/json';
  const odd = chance.of([0, 0.02, 0.1, 0.4]);
  const schema = resource.schema();
  const whole = (): unknown => {
    const body = make(schema, chance, odd);
    if (!isObject(body) || chance.hits(0.05)) return body;
    const metadata = isObject(body['metadata']) ? body['metadata'] : {};
    return {
      ...body,
      apiVersion: apiVersionOf(resource),
      kind: resource.kind,
      metadata: chance.hits(odd)
        ? body['metadata']
        : { ...metadata, name, namespace: undefined, finalizers: undefined },
    };
  };
  yield { method: 'POST', path: collection, contentType: json, body: whole() };
  yield { method: 'PUT', path: item, contentType: json, body: whole() };
  yield { method: 'PATCH', path: item, contentType: 'application/merge-patch+json', body: make(schema, chance, odd) };
  yield {
    method: 'PATCH',
    path: item,
    contentType: 'application/strategic-merge-patch+json',
    body: withDirectives(make(schema, chance, odd), chance),
  };
  yield { method: 'PATCH', path: item, contentType: 'application/json-patch+json', body: operations(schema, chance) };
  yield {
    method: 'PATCH',
    path: `${item}?fieldManager=a&force=true`,
    contentType: 'application/apply-patch+yaml',
    body: whole(),
  };
  for (const subresource of resource.subresources) {
    // These speak another protocol.
    if (['exec', 'attach', 'portforward'].includes(subresource)) continue;
    const path = `${item}/${subresource}`;
    yield { method: 'POST', path, contentType: json, body: make({ type: 'object' }, chance, 0.5) };
    yield {
      method: 'POST',
      path,
      contentType: json,
      body: { ...Object(whole()), ...Object(make({ type: 'object' }, chance, 0)) },
    };
    yield { method: 'PUT', path, contentType: json, body: whole() };
    yield { method: 'PATCH', path, contentType: 'application/merge-patch+json', body: make(schema, chance, odd) };
    yield {
      method: 'PATCH',
      path: `${path}?fieldManager=a`,
      contentType: 'application/apply-patch+yaml',
      body: whole(),
    };
  }
  const options = {
    gracePeriodSeconds: chance.of(ODD),
    preconditions: chance.of(ODD),
    propagationPolicy: chance.of(ODD),
  };
  yield { method: 'DELETE', path: item, contentType: json, body: chance.of([...ODD, options]) };
}

/** What strategic merge patches say beside values. */
function withDirectives(value: unknown, chance: Chance): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => withDirectives(item, chance));
  if (!isObject(value)) return value;
  const result: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value)) {
    result[name] = withDirectives(item, chance);
    if (chance.hits(0.1)) result[`$setElementOrder/${name}`] = chance.of([...ODD, [{ name: 'a' }]]);
    if (chance.hits(0.1)) result[`$deleteFromPrimitiveList/${name}`] = chance.of(ODD);
    if (chance.hits(0.1)) result[`$retainKeys`] = chance.of(ODD);
    if (chance.hits(0.1)) result[`$patch`] = chance.of([...ODD, 'delete', 'replace', 'merge']);
  }
  return result;
}

function operations(schema: Schema, chance: Chance): unknown {
  if (chance.hits(0.1)) return chance.of(ODD);
  const path = (): unknown => {
    if (chance.hits(0.1)) return chance.of(ODD);
    const steps: string[] = [];
    let at: Schema | undefined = schema;
    while (at && chance.hits(0.85)) {
      const type: Schema = resolve(at);
      const step: string = type.items
        ? chance.of(['0', '1', '-', '99', 'x'])
        : chance.of([...Object.keys(type.properties ?? { a: 1 }), 'a']);
      steps.push(step);
      at = type.items ?? fieldSchema(type, step);
    }
    return steps.map((step) => `/${step}`).join('');
  };
  const list: unknown[] = [];
  do {
    const op = chance.of<unknown>([
      'add',
      'remove',
      'replace',
      'move',
      'copy',
      'test',
      ...(chance.hits(0.1) ? ODD : []),
    ]);
    list.push({
      op,
      path: path(),
      from: path(),
      value: chance.hits(0.5) ? chance.of(ODD) : make(schema, chance, 0.1, 8),
    });
  } while (chance.hits(0.5));
  return list;
}

/** What real servers answer so, too: an apply that fits no type, and a strategic patch in another order than it says. */
const AS_REAL = /^failed to (create typed|convert new object)|order in patch list .* doesn't match/;

async function problemOf({ method, path, contentType, body }: Request): Promise<string | undefined> {
  unexpected = [];
  const text = JSON.stringify(body) ?? '';
  const code = await server
    .client()
    .raw(method, path, { body: text, contentType })
    .then(
      () => 200,
      (error: unknown) => (error instanceof ApiError ? error : 0),
    );
  if (unexpected.length === 0 && (code === 200 || code instanceof ApiError)) {
    if (code === 200 || code.code !== 500) return undefined;
    if (AS_REAL.test(code.message)) return undefined;
  }
  const why = [...unexpected, code instanceof ApiError ? code.message : '']
    .join('\n')
    .split('\n')
    .slice(0, 4)
    .join('\n');
  return `${method} ${path} ${contentType}\n${text.slice(0, 600)}\n${why}`;
}
