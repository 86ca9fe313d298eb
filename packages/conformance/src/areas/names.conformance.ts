import { describe, expect, it } from 'vitest';
import type { Answer } from '../support/api.js';
import { bench } from '../support/bench.js';
import { configMap, deployment, secret, service } from '../support/objects.js';

const api = bench('names');
const { CONFIGMAPS, DEPLOYMENTS, LEASES, SECRETS, SERVICES } = api.paths;

const fields = ({ body }: Answer): string[] => body.details.causes.map(({ field }) => field);

describe('names', () => {
  it.each([
    ['with upper case', 'Upper'],
    ['with an underscore', 'under_score'],
    ['that begin with a dash', '-dash'],
    ['with an empty part', 'a..b'],
    ['of 254 letters', 'x'.repeat(254)],
  ])('%s are refused', async (_what, name) => {
    const answer = await api.post(CONFIGMAPS, configMap(name));
    expect(answer.code).toBe(422);
    expect(fields(answer)).toEqual(['metadata.name']);
  });

  it('are generated on demand', async () => {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'gen-' } };
    const created = [await api.create(CONFIGMAPS, object), await api.create(CONFIGMAPS, object)];
    for (const { metadata } of created) expect(metadata.name).toMatch(/^gen-[a-z0-9]{5}$/);
    expect(created[0]?.metadata.name).not.toBe(created[1]?.metadata.name);
  });

  it('are needed', async () => {
    expect(fields(await api.post(CONFIGMAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: {} }))).toEqual([
      'metadata.name',
    ]);
  });

  it('of labels have rules, too', async () => {
    expect(fields(await api.post(CONFIGMAPS, configMap('l', {}, { labels: { ok: 'not ok!' } })))).toEqual([
      'metadata.labels',
    ]);
  });

  it('of finalizers need a domain', async () => {
    expect((await api.post(CONFIGMAPS, configMap('f', {}, { finalizers: ['bare'] }))).code).toBe(422);
  });

  it('cannot be changed', async () => {
    await api.create(CONFIGMAPS, configMap('fixed'));
    expect((await api.merge(`${CONFIGMAPS}/fixed`, { metadata: { name: 'other' } })).code).toBe(400);
  });
});

describe('a dry run', () => {
  it('answers as if, and stores nothing', async () => {
    const created = await api.post(`${SERVICES}?dryRun=All`, service('dry'));
    expect(created.code).toBe(201);
    expect(created.body.metadata.uid).toBeDefined();
    expect(created.body.spec.clusterIP).toBeDefined();
    expect((await api.get(`${SERVICES}/dry`)).code).toBe(404);
    await api.create(CONFIGMAPS, configMap('wet', { a: '1' }));
    expect((await api.merge(`${CONFIGMAPS}/wet?dryRun=All`, { data: { a: '2' } })).body.data['a']).toBe('2');
    expect((await api.apply(`${CONFIGMAPS}/wet?dryRun=All`, configMap('wet', { b: '1' }), 'me')).body.data).toEqual({
      a: '1',
      b: '1',
    });
    expect((await api.delete(`${CONFIGMAPS}/wet?dryRun=All`)).code).toBe(200);
    expect((await api.get(`${CONFIGMAPS}/wet`)).body.data).toEqual({ a: '1' });
  });

  it('is refused where it would be', async () => {
    expect((await api.post(`${CONFIGMAPS}?dryRun=All`, configMap('Bad'))).code).toBe(422);
    expect((await api.post(`${CONFIGMAPS}?dryRun=Some`, configMap('x'))).code).toBe(422);
  });
});

describe('an unknown field of a built-in kind', () => {
  const stray = (name: string): object => deployment(name, { replica: 2 });

  it('is dropped with a warning, by default', async () => {
    const answer = await api.post(DEPLOYMENTS, stray('warned'));
    expect(answer.code).toBe(201);
    expect(answer.body.spec).not.toHaveProperty('replica');
    expect(answer.headers['warning']).toContain('unknown field \\"spec.replica\\"');
  });

  it('is refused with fieldValidation=Strict', async () => {
    const answer = await api.post(`${DEPLOYMENTS}?fieldValidation=Strict`, stray('refused'));
    expect(answer.code).toBe(400);
    expect(answer.body.message).toContain('unknown field "spec.replica"');
  });

  it('is dropped silently with fieldValidation=Ignore', async () => {
    const answer = await api.post(`${DEPLOYMENTS}?fieldValidation=Ignore`, stray('ignored'));
    expect(answer.code).toBe(201);
    expect(answer.headers['warning']).toBeUndefined();
  });
});

describe('a field that is there twice', () => {
  const twice = (name: string): string =>
    `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"${name}"},"data":{"a":"1","a":"2"}}`;
  const post = (name: string, query = ''): Promise<Answer> =>
    api.post(`${CONFIGMAPS}${query}`, undefined, { raw: twice(name) });

  it('counts as it is last, with a warning, by default', async () => {
    const answer = await post('twice-warned');
    expect(answer.code).toBe(201);
    expect(answer.body.data).toEqual({ a: '2' });
    expect(answer.headers['warning']).toContain('duplicate field \\"data.a\\"');
  });

  it('is refused with fieldValidation=Strict', async () => {
    const answer = await post('twice-refused', '?fieldValidation=Strict');
    expect(answer.code).toBe(400);
    expect(answer.body.message).toContain('strict decoding error: duplicate field "data.a"');
  });

  it('is not spoken of with fieldValidation=Ignore', async () => {
    const answer = await post('twice-ignored', '?fieldValidation=Ignore');
    expect(answer.code).toBe(201);
    expect(answer.headers['warning']).toBeUndefined();
  });

  it('is told by its line where a configuration is applied', async () => {
    const apply = (query: string): Promise<Answer> =>
      api.send('PATCH', `${CONFIGMAPS}/twice-applied?fieldManager=alice${query}`, undefined, {
        raw: 'apiVersion: v1\nkind: ConfigMap\ndata:\n  a: "1"\n  a: "2"\nmetadata:\n  name: twice-applied\n',
        contentType: 'application/apply-patch+yaml',
      });
    const refused = await apply('&fieldValidation=Strict');
    expect(refused.code).toBe(400);
    expect(refused.body.message).toMatch(/^error strict decoding YAML: .*line 5: key "a" already set in map/s);
    const warned = await apply('');
    expect(warned.code).toBe(201);
    expect(warned.headers['warning']).toContain('line 5: key \\"a\\" already set in map');
  });
});

describe('values', () => {
  it('that are empty are left out where Go does, and nowhere else', async () => {
    const spec = {
      paused: false,
      minReadySeconds: 0,
      replicas: 0,
      strategy: { type: 'Recreate' },
      selector: { matchLabels: { app: 'empty' }, matchExpressions: [] },
      template: {
        metadata: { labels: { app: 'empty' }, annotations: {} },
        spec: {
          hostNetwork: false,
          volumes: [{ name: 'data', emptyDir: {} }],
          securityContext: { runAsUser: 0, runAsNonRoot: false },
          containers: [
            { name: 'main', image: 'busybox:1', tty: false, env: [{ name: 'A', value: '' }], args: [], resources: {} },
          ],
        },
      },
    };
    const made = await api.create(DEPLOYMENTS, { ...deployment('empty'), spec });
    expect(made.spec).not.toHaveProperty('paused');
    expect(made.spec).not.toHaveProperty('minReadySeconds');
    expect(made.spec.selector).toEqual({ matchLabels: { app: 'empty' } });
    // Behind a pointer zero is a value.
    expect(made.spec.replicas).toBe(0);
    const { metadata, spec: template } = made.spec.template;
    expect(metadata).not.toHaveProperty('annotations');
    expect(template).not.toHaveProperty('hostNetwork');
    expect(template).toMatchObject({
      volumes: [{ name: 'data', emptyDir: {} }],
      securityContext: { runAsUser: 0, runAsNonRoot: false },
    });
    const [container] = template.containers;
    expect(container).toMatchObject({ env: [{ name: 'A' }], resources: {} });
    expect(container).not.toHaveProperty('args');
    expect(container).not.toHaveProperty('tty');
    expect(container.env?.[0]).not.toHaveProperty('value');
  });

  it('of the wrong type are refused, with their path', async () => {
    const answer = await api.post(DEPLOYMENTS, deployment('wrong', { replicas: 'three' }));
    expect(answer.code).toBe(400);
    expect(answer.body.message).toMatch(/cannot unmarshal string into Go struct field .*spec\.replicas/);
  });

  it('that are null are as absent', async () => {
    const created = await api.create(CONFIGMAPS, { ...configMap('nulls'), data: null, immutable: null });
    expect(created).not.toHaveProperty('data');
  });

  it('of metav1.Time are kept in whole seconds, in UTC', async () => {
    await api.create(DEPLOYMENTS, deployment('timed'));
    const condition = { type: 'Tested', status: 'True', lastTransitionTime: '2025-03-04T05:06:07.891+02:00' };
    const { body } = await api.merge(`${DEPLOYMENTS}/timed/status`, { status: { conditions: [condition] } });
    expect(body.status.conditions.find(({ type }) => type === 'Tested')?.lastTransitionTime).toBe(
      '2025-03-04T03:06:07Z',
    );
  });

  it('of MicroTime have six digits, no more and no less', async () => {
    const lease = (renewTime: string): object => ({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { generateName: 'l-' },
      spec: { renewTime },
    });
    const answer = await api.post(LEASES, lease('2025-01-01T00:00:00.000Z'));
    expect(answer.code).toBe(400);
    expect(answer.body.message).toContain('as "2006-01-02T15:04:05.000000Z07:00"');
    expect((await api.create(LEASES, lease('2025-01-01T00:00:00.000000Z'))).spec.renewTime).toBe(
      '2025-01-01T00:00:00.000000Z',
    );
  });

  it('that must be base64 are refused when they are not', async () => {
    expect((await api.post(SECRETS, secret('s', {}, { data: { a: 'not base64!' } }))).code).toBe(400);
  });
});
