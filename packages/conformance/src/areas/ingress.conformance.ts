import { describe, expect, it } from 'vitest';
import type { Answer } from '../support/api.js';
import { bench } from '../support/bench.js';
import { RUN_LABEL, target } from '../support/target.js';

const api = bench('ingress');
const { INGRESSES, INGRESSCLASSES } = api.paths;

const fields = ({ body }: Answer): string[] => body.details.causes.map(({ field }) => field);

const backend = { service: { name: 'web', port: { number: 80 } } };
const path = (more: object = {}): object => ({ path: '/', pathType: 'Prefix', backend, ...more });
const rule = (...paths: object[]): object => ({ host: 'web.example.com', http: { paths } });
const ingress = (name: string, spec: object, metadata: object = {}): object => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { name, ...metadata },
  spec,
});
const ingressClass = (name: string, controller: string): object => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'IngressClass',
  metadata: { name, labels: { [RUN_LABEL]: target.run } },
  spec: { controller },
});

it('a changed specification is a new generation, an address is none', async () => {
  const created = await api.create(INGRESSES, ingress('web', { ingressClassName: 'any', rules: [rule(path())] }));
  expect(created.metadata.generation).toBe(1);
  await api.merge(`${INGRESSES}/web/status`, { status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } } });
  const answer = await api.merge(`${INGRESSES}/web`, { spec: { tls: [{ hosts: ['*.example.com'] }] } });
  expect(answer.body.metadata.generation).toBe(2);
  expect(answer.body.status).toMatchObject({ loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } });
});

it('shows class, hosts, addresses and ports', async () => {
  const spec = { ingressClassName: 'any', rules: [rule(path())], tls: [{}] };
  await api.create(INGRESSES, ingress('shown', spec));
  const table = await api.get(`${INGRESSES}/shown`, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
  const { columnDefinitions, rows } = table.body;
  expect(columnDefinitions.map(({ name }) => name)).toEqual(['Name', 'Class', 'Hosts', 'Address', 'Ports', 'Age']);
  expect(rows[0].cells.slice(0, 5)).toEqual(['shown', 'any', 'web.example.com', '', '80, 443']);
});

it.each<[string, object, string]>([
  ['nothing in it', {}, 'spec'],
  ['a rule without paths', { rules: [rule()] }, 'spec.rules[0].http.paths'],
  ['an address for a host', { rules: [{ host: '192.0.2.1' }] }, 'spec.rules[0].host'],
  ['a host that is no name', { rules: [{ host: 'Web' }] }, 'spec.rules[0].host'],
  ['a relative path', { rules: [rule(path({ path: 'web' }))] }, 'spec.rules[0].http.paths[0].path'],
  ['a path with //', { rules: [rule(path({ path: '/a//b' }))] }, 'spec.rules[0].http.paths[0].path'],
  ['a path of no type', { rules: [rule(path({ pathType: 'Regex' }))] }, 'spec.rules[0].http.paths[0].pathType'],
  ['a path that leads nowhere', { rules: [rule(path({ backend: {} }))] }, 'spec.rules[0].http.paths[0].backend'],
  [
    'a port by name and number',
    { rules: [rule(path({ backend: { service: { name: 'web', port: { name: 'http', number: 80 } } } }))] },
    'spec.rules[0].http.paths[0].backend',
  ],
  [
    'a Service that has no name',
    { defaultBackend: { service: { name: '-', port: { number: 80 } } } },
    'spec.defaultBackend.service.name',
  ],
  ['a class that has no name', { defaultBackend: backend, ingressClassName: 'A' }, 'spec.ingressClassName'],
])('an Ingress with %s is refused', async (_what, spec, wrong) => {
  const answer = await api.post(INGRESSES, ingress('bad', spec));
  expect(answer.code).toBe(422);
  expect(fields(answer)).toEqual([wrong]);
});

describe('the annotation with the class of an Ingress', () => {
  const post = (name: string, ingressClassName?: string): Promise<Answer> => {
    const annotations = { 'kubernetes.io/ingress.class': 'any' };
    return api.post(INGRESSES, ingress(name, { defaultBackend: backend, ingressClassName }, { annotations }));
  };

  it('may say the same as the field', async () => {
    const answer = await post('twice', 'any');
    expect(answer.code).toBe(201);
    expect(answer.headers['warning']).toBeUndefined();
  });

  it('must not say something else', async () => {
    const answer = await post('torn', 'other');
    expect(answer.code).toBe(422);
    expect(fields(answer)).toEqual(['annotations.kubernetes.io/ingress.class']);
    expect(answer.body.message).toContain('must match `ingressClassName` when both are specified');
  });

  it('alone is taken with a warning', async () => {
    const answer = await post('annotated');
    expect(answer.code).toBe(201);
    expect(answer.headers['warning']).toContain('annotation \\"kubernetes.io/ingress.class\\" is deprecated');
  });
});

it('the controller of a class is a path in a domain, and stays', async () => {
  const name = api.clusterWide('class');
  expect(fields(await api.post(INGRESSCLASSES, ingressClass(name, 'nobody')))).toEqual(['spec.controller']);
  await api.create(INGRESSCLASSES, ingressClass(name, 'example.com/ingress'));
  const answer = await api.merge(`${INGRESSCLASSES}/${name}`, { spec: { controller: 'example.com/other' } });
  expect(fields(answer)).toEqual(['spec.controller']);
});
