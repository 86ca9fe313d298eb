// The slowest that a body of each media type can be: what takes time for each of its values is bounded by their number, and nothing takes
// the square of it. Before that was so, each of these stopped the server for minutes; the time-out of a test is its only clock.
import { ApiError } from '@stackwright/kube';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BODY_LIMIT, DEEPEST, MOST_ELEMENTS, MOST_VALUES } from '../bounds.js';
import { decodeBody } from '../http/body.js';
import { startApiServer, type ApiServer } from '../server.js';

const full = (text: string, size = BODY_LIMIT - 100): string => text.repeat(Math.floor(size / text.length));
const long = (text: string): string => full(text, 500_000);
const numbered = (line: (index: number) => string, count: number): string =>
  Array.from({ length: count }, (_, index) => line(index)).join('');

/** "ok", or the code and the words of the refusal. */
function decoded(text: string, contentType: string): string {
  try {
    decodeBody(Buffer.from(text), contentType, true);
    return 'ok';
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return `${error.code} ${error.message}`;
  }
}

describe('YAML', () => {
  it.each([
    ['many keys', numbered((index) => `k${index}: v\n`, 200_000)],
    ['a long list', `a:\n${full('- x\n')}`],
    ['lists in lists', `a: ${full('[')}`],
    ['dashes', full('- ')],
    ['colons', `a: ${full(': ')}`],
    ['question marks', full('? ')],
    ['empty lines', `a:${full('\n')} b`],
    ['comments', `${full('# x\n')}a: 1`],
    ['documents', full('---\na: 1\n')],
    ['aliases', `a: &a x\nb:\n${full('- *a\n')}`],
    ['tabs and carriage returns', full('a: b\r\n')],
  ])('of %s is refused when it has too many tokens, before it is parsed', (_what, text) => {
    expect(decoded(text, 'application/yaml')).toMatch(/^413 .*tokens of YAML/);
  });

  it.each([
    ['one long text', `a: ${long('x\n ')}`],
    ['a block of lines', `a: |\n${long(' x\n')}`],
    ['a quoted text', `a: "${long('x ')}"`],
    ['one long number', `a: ${long('1')}`],
  ])('of %s is read, however long', (_what, text) => {
    expect(decoded(text, 'application/yaml')).toBe('ok');
  });

  it.each([
    ['lists in lists', `a: ${'['.repeat(5_000)}`],
    ['aliases of aliases', numbered((index) => `a${index}: &a${index} [${`*a${index - 1},`.repeat(9)}]\n`, 25)],
  ])('of %s is refused', (_what, text) => {
    expect(decoded(text, 'application/yaml')).toMatch(/^400 /);
  });
});

describe('JSON', () => {
  it.each([
    ['many values', `{"a":{${numbered((index) => `"k${index}":[],`, MOST_VALUES)}"z":1}}`, 413],
    ['a long list', `{"a":[${'0,'.repeat(MOST_ELEMENTS)}0]}`, 413],
    ['objects in objects', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`, 400],
    ['lists in lists', `{"a":${'['.repeat(DEEPEST)}${']'.repeat(DEEPEST)}}`, 400],
  ])('of %s is refused', (_what, text, code) => {
    for (const type of ['application/json', 'application/merge-patch+json', 'application/apply-patch+yaml'])
      expect(decoded(text, type)).toMatch(new RegExp(`^${code} `));
  });

  it('of as much as there may be is read', () => {
    const list = `[${'0,'.repeat(MOST_ELEMENTS - 1)}0]`;
    expect(decoded(`{"a":${list},"b":${list}}`, 'application/json')).toBe('ok');
    expect(decoded(`{"a":"${full('x')}"}`, 'application/json')).toBe('ok');
  });

  it.each([
    ['in one object', full('"a":1,')],
    ['deep down', '"a":1,"a":{'.repeat(DEEPEST - 1) + '"b":1' + '}'.repeat(DEEPEST - 1) + ','],
    ['with long names', `"${'x'.repeat(200_000)}":1,`.repeat(15)],
  ])('with fields that come twice %s tells the first of them', (_where, fields) => {
    const { duplicates } = decodeBody(Buffer.from(`{${fields}"z":1}`), 'application/json', true);
    expect(duplicates?.messages.length).toBeGreaterThan(0);
    expect(duplicates?.messages.length).toBeLessThanOrEqual(100);
  });
});

it('protobuf of many empty elements is refused', () => {
  const message = (field: number, content: Uint8Array): Buffer => {
    const head = [(field << 3) | 2];
    for (let rest = content.length; ; rest >>>= 7) {
      head.push(rest > 127 ? (rest & 127) | 128 : rest);
      if (rest <= 127) return Buffer.concat([Buffer.from(head), content]);
    }
  };
  const type = Buffer.concat([message(1, Buffer.from('v1')), message(2, Buffer.from('Pod'))]);
  // spec.containers: two bytes each.
  const raw = message(2, Buffer.alloc(2_000_000, Buffer.from([0x12, 0x00])));
  const body = Buffer.concat([Buffer.from('k8s\0'), message(1, type), message(2, raw)]);
  expect(() => decodeBody(body, 'application/vnd.kubernetes.protobuf', true)).toThrow('elements in a list');
});

describe('patches', () => {
  let server: ApiServer;
  beforeAll(async () => {
    server = await startApiServer();
  });
  afterAll(() => server.stop());
  const range = (count: number) => Array.from({ length: count }, (_, index) => index);
  const configMaps = '/api/v1/namespaces/default/configmaps';
  const pods = '/api/v1/namespaces/default/pods';
  let serial = 0;

  async function send(method: string, path: string, contentType: string, body: object): Promise<string> {
    return server
      .client()
      .raw(method, path, { contentType, body: JSON.stringify(body) })
      .then(
        () => 'ok',
        (error: unknown) => (error instanceof ApiError ? `${error.code} ${error.message}` : String(error)),
      );
  }
  const configMap = async (metadata: object = {}): Promise<string> => {
    const name = `c${(serial += 1)}`;
    const object = { apiVersion: 'v1', kind: 'ConfigMap', data: { a: '1' }, metadata: { name, ...metadata } };
    expect(await send('POST', configMaps, 'application/json', object)).toBe('ok');
    return `${configMaps}/${name}`;
  };
  const variables = range(MOST_ELEMENTS - 1).map((index) => ({ name: `E${index}`, value: 'x' }));
  const pod = async (): Promise<string> => {
    const name = `p${(serial += 1)}`;
    const spec = { containers: [{ name: 'c', image: 'x', env: variables }] };
    expect(
      await send('POST', pods, 'application/json', { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec }),
    ).toBe('ok');
    return `${pods}/${name}`;
  };
  const env = (container: object) => ({ spec: { containers: [{ name: 'c', ...container }] } });
  const strategic = 'application/strategic-merge-patch+json';
  const json = 'application/json-patch+json';

  it('that reorder, change or delete every element of a list look each of them up once', async () => {
    const path = await pod();
    const names = variables.map(({ name }) => ({ name }));
    const forbidden = /^422 .*pod updates may not change fields/;
    expect(await send('PATCH', path, strategic, env({ '$setElementOrder/env': [...names].reverse() }))).toMatch(
      forbidden,
    );
    const gone = names.map((item) => ({ ...item, $patch: 'delete' }));
    expect(await send('PATCH', path, strategic, env({ env: gone }))).toMatch(forbidden);
  });

  it('of lists of texts do so, too', async () => {
    const finalizers = (prefix: string) => range(5000).map((index) => `x.example/${prefix}${index}`);
    const path = await configMap({ finalizers: finalizers('a') });
    const gone = { metadata: { '$deleteFromPrimitiveList/finalizers': finalizers('b') } };
    expect(await send('PATCH', path, strategic, gone)).toBe('ok');
    expect(await send('PATCH', path, strategic, { metadata: { finalizers: finalizers('c') } })).toBe('ok');
    expect(await send('PATCH', path, strategic, { data: { $retainKeys: range(MOST_ELEMENTS).map(String) } })).toBe(
      'ok',
    );
  });

  it('that copy what they have copied are refused before it has doubled too often', async () => {
    const path = await configMap();
    const copies = range(60).map((index) => ({ op: 'copy', from: '/data', path: `/data/c${index}` }));
    expect(await send('PATCH', path, json, copies)).toMatch(/^413 .*accumulated size increase of copy/);
  });

  it('of as many operations as there may be are carried out', async () => {
    const path = await configMap();
    const adds = range(MOST_ELEMENTS).map((index) => ({ op: 'add', path: `/data/k${index}`, value: 'v' }));
    expect(await send('PATCH', path, json, adds)).toBe('ok');
  });

  it('make no object that is larger than a body may be', async () => {
    const path = await configMap();
    const half = (name: string) => ({ data: { [name]: 'x'.repeat(BODY_LIMIT / 2) } });
    const merge = 'application/merge-patch+json';
    const answers = [await send('PATCH', path, merge, half('a')), await send('PATCH', path, merge, half('b'))];
    expect(answers[1]).toMatch(/^413 |^422 /);
    expect(answers.at(-1)).not.toBe('ok');
  });
});
