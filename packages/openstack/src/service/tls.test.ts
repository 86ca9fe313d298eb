import { X509Certificate } from 'node:crypto';
import { IdentityClaim } from '@stackwright/api';
import { ConfigMap, Deployment, Secret, Service } from '@stackwright/kube';
import { makeAuthority, type Authority, type KeyPair } from '@stackwright/kube/testing/tls';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { secretWith } from '../secrets/secret.js';
import { Sample, sample, sampleService } from '../testing/sample-service.js';
import { ServiceHarness } from '../testing/service-harness.js';

const at = (name: string) => ({ namespace: 'ns', name });
const host = 'sample.ns.svc';

let authority: Authority;
let pair: KeyPair;
let harness: ServiceHarness<Sample>;

beforeAll(async () => {
  authority = await makeAuthority();
  pair = await authority.issue('sample', [host]);
});

/** What a user, or cert-manager, puts there. */
async function give(values: Record<string, string>, labels: object = { 'stackwright.dev/usable-by': 'sample' }) {
  const { data = {} } = secretWith('mine', values);
  if (harness.api.peek(Secret, at('mine'))) await harness.api.delete(Secret, at('mine'));
  await harness.api.seed(Secret, {
    type: 'kubernetes.io/tls',
    data,
    metadata: { ...at('mine'), labels: { ...labels } },
  });
  await harness.settle();
}
const files = ({ cert, key }: KeyPair = pair) => ({ 'tls.crt': cert, 'tls.key': key, 'ca.crt': authority.ca });

const template = () => harness.api.peek(Deployment, at('sample'))?.spec?.template;
/** The Secret with the certificate, as Pods are made with it. */
const mounted = () => harness.mounted('sample-tls');
const copies = async () =>
  (await harness.listed(Secret)).flatMap(({ metadata }) => metadata?.name?.match(/^sample-tls-[0-9a-f]{8}$/) ?? []);
const uwsgi = () => harness.text('sample-uwsgi', 'uwsgi.ini');
const ready = () => harness.condition('Ready');
/** What clients are told, by whichever way they ask. */
const published = () => {
  const { endpoint } = (harness.object.status ?? {}) as { endpoint?: string };
  const { internal, public: outside } =
    harness.api.peek(IdentityClaim, at('sample-identity'))?.spec.service?.endpoints ?? {};
  const { appProtocol } = harness.api.peek(Service, at('sample'))?.spec?.ports?.[0] ?? {};
  expect(outside).toBe(internal);
  return { endpoint, catalog: internal, ...(appProtocol === undefined ? {} : { port: appProtocol }) };
};

beforeEach(() => {
  harness = new ServiceHarness(sampleService);
});

describe('an API with a certificate', () => {
  beforeEach(async () => {
    await give(files());
    await harness.standUp(sample({ tls: { secretRef: { name: 'mine' } } }));
  });

  it('is served over HTTPS and nothing else, which is what all are told', () => {
    expect(ready()).toMatchObject({ status: 'True' });
    expect(uwsgi()).toContain(
      'https-socket = 0.0.0.0:8000,/etc/stackwright-tls/tls.crt,/etc/stackwright-tls/tls.key\n',
    );
    expect(uwsgi()).not.toContain('http-socket');
    const probe = { httpGet: { scheme: 'HTTPS' } };
    expect(template()?.spec?.containers[0]).toMatchObject({
      startupProbe: probe,
      readinessProbe: probe,
    });
    expect(harness.api.peek(Service, at('sample'))?.spec?.ports?.[0]).toMatchObject({ appProtocol: 'https' });
    expect(harness.object.status).toMatchObject({ endpoint: `https://${host}:8000` });
    expect(harness.api.peek(IdentityClaim, at('sample-identity'))?.spec.service?.endpoints).toEqual({
      internal: `https://${host}:8000/v2`,
      public: `https://${host}:8000/v2`,
    });
  });

  it('is asked by its name, and believed when its authority vouches for it', () => {
    const probes = harness.http.calls.filter(({ url }) => new URL(url).hostname === host);
    expect(probes.map(({ url }) => url)).toEqual([`https://${host}:8000/`, `https://${host}:8000/v2/things`]);
    expect(probes.every(({ ca, address }) => ca === authority.ca && address?.host === '10.0.0.7')).toBe(true);
  });

  it('takes a renewed one up with one rollout, which never takes away a Pod that answers', async () => {
    const before = mounted();
    await give(files(await authority.issue('sample', [host])));
    expect(mounted()).not.toBe(before);
    // Pods of before that start now, on another node, start with theirs.
    expect(await copies()).toEqual(expect.arrayContaining([before, mounted()]));
    expect(harness.api.peek(Deployment, at('sample'))?.spec?.strategy?.rollingUpdate).toMatchObject({
      maxUnavailable: 0,
    });
    await harness.rollOut();
    expect(ready()).toMatchObject({ status: 'True' });
    expect(await copies()).toEqual([mounted()]);
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
  });

  it('keeps its key to Secrets', async () => {
    const said = await harness.said(ConfigMap, Deployment, Service, IdentityClaim);
    for (const line of pair.key.split('\n').slice(1, -2)) expect(said).not.toContain(line);
  });

  it.each<[string, () => Promise<unknown>, string, RegExp]>([
    [
      'is gone',
      async () => {
        await harness.api.delete(Secret, at('mine'));
        await harness.settle();
      },
      'WaitingForObject',
      /Secret mine \(spec\.tls\.secretRef\) does not exist/,
    ],
    ['is not offered any more', () => give(files(), {}), 'SecretNotOffered', /usable-by=sample/],
    ['lacks its key', () => give({ 'tls.crt': pair.cert }), 'SecretIncomplete', /lacks tls\.key/],
    ['is no certificate', () => give({ ...files(), 'tls.crt': 'x' }), 'SecretIncomplete', /tls\.crt is no certificate/],
    [
      'has the key of another',
      async () => give({ ...files(), 'tls.key': (await authority.issue('other')).key }),
      'SecretIncomplete',
      /tls\.key does not belong to tls\.crt/,
    ],
    [
      'is of another host',
      async () => give(files(await authority.issue('other', ['other.example']))),
      'SecretIncomplete',
      /not good for sample\.ns\.svc/,
    ],
  ])('runs on with the one that it has when what it is given %s', async (_what, spoil, reason, message) => {
    const [before, serving] = [mounted(), harness.file('tls.crt', 'sample-tls')];
    await spoil();
    expect(ready()).toMatchObject({ status: 'False', reason });
    expect(ready()?.message).toMatch(message);
    expect([mounted(), harness.file('tls.crt', 'sample-tls')]).toEqual([before, serving]);
    expect(uwsgi()).toContain('https-socket');
    await give(files());
    expect(ready()).toMatchObject({ status: 'True' });
  });

  it('is told of before it ends, and of what it is when it has ended', async () => {
    const { validFrom, validTo } = new X509Certificate(pair.cert);
    const life = Date.parse(validTo) - Date.parse(validFrom);
    const until = (time: number) => harness.clock.advance(time - harness.clock.now());
    await until(Date.parse(validTo) - life / 5);
    await harness.settle();
    expect(harness.condition('TlsReady')).toMatchObject({ status: 'True', reason: 'Done' });
    await until(Date.parse(validTo) - life / 20);
    await harness.settle();
    expect(harness.condition('TlsReady')).toMatchObject({ status: 'True', reason: 'CertificateExpiring' });
    expect(ready()).toMatchObject({ status: 'True' });
    await until(Date.parse(validTo));
    await harness.settle();
    expect(ready()).toMatchObject({ status: 'False', reason: 'SecretIncomplete' });
    expect(ready()?.message).toContain('the certificate ended at');
  });

  it('is served in the clear only when its spec says so', async () => {
    await harness.edit(Sample, 'sample', { spec: { tls: null } });
    await harness.settle();
    await harness.provide();
    expect(uwsgi()).toContain('http-socket = 0.0.0.0:8000\n');
    expect(await copies()).toHaveLength(1);
    expect(published()).toEqual({
      endpoint: `https://${host}:8000`,
      catalog: `https://${host}:8000/v2`,
      port: 'https',
    });
    await harness.rollOut();
    await harness.provide();
    expect(published()).toEqual({ endpoint: `http://${host}:8000`, catalog: `http://${host}:8000/v2` });
    expect(await copies()).toEqual([]);
    expect(harness.api.peek(Secret, at('mine'))).toBeDefined();
  });
});

describe('an API that is to be served with a certificate from now on', () => {
  const inTheClear = { endpoint: `http://${host}:8000`, catalog: `http://${host}:8000/v2` };

  beforeEach(async () => {
    await harness.standUp(sample());
    expect(published()).toEqual(inTheClear);
  });

  it('is told of as it is served, as long as the certificate is not there or is no good', async () => {
    await harness.set({ tls: { secretRef: { name: 'mine' } } });
    await harness.provide();
    expect(ready()).toMatchObject({ reason: 'WaitingForObject' });
    expect(published()).toEqual(inTheClear);
    await give(files(await authority.issue('other', ['other.example'])));
    expect(ready()).toMatchObject({ reason: 'SecretIncomplete' });
    expect(published()).toEqual(inTheClear);
    expect(uwsgi()).toContain('http-socket');
    await harness.set({ tls: null });
    expect(ready()).toMatchObject({ status: 'True' });
  });

  it('is told of as it is served until all of its Pods serve it otherwise', async () => {
    await give(files());
    await harness.set({ tls: { secretRef: { name: 'mine' } } });
    await harness.provide();
    expect(uwsgi()).toContain('https-socket');
    expect(harness.condition('ApiReady')).toMatchObject({ reason: 'RolloutInProgress' });
    expect(published()).toEqual(inTheClear);
    await harness.rollOut();
    await harness.provide();
    expect(ready()).toMatchObject({ status: 'True' });
    expect(published()).toEqual({
      endpoint: `https://${host}:8000`,
      catalog: `https://${host}:8000/v2`,
      port: 'https',
    });
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
  });
});

it('is not started in the clear while its certificate is waited for', async () => {
  await harness.standUp(sample({ tls: { secretRef: { name: 'mine' } } }));
  expect(harness.api.peek(Deployment, at('sample'))).toBeUndefined();
  expect(ready()).toMatchObject({ reason: 'WaitingForObject' });
});
