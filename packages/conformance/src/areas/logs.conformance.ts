import { beforeAll, describe, expect, it } from 'vitest';
import { bench } from '../support/bench.js';
import { pod, server, task } from '../support/objects.js';
import { missing } from '../support/target.js';

const api = bench('logs', { needs: ['controllers', 'node'] });
const { PODS } = api.paths;

beforeAll(async () => {
  if (missing(['rights', 'controllers', 'node']) !== undefined) return;
  const spec = { nodeSelector: {}, restartPolicy: 'Never', terminationGracePeriodSeconds: 1 };
  await api.create(PODS, pod('done', { ...spec, containers: [task()] }));
  await api.create(PODS, pod('two', { ...spec, containers: [server(), task({ name: 'side' })] }));
  await api.until(`${PODS}/done`, ({ body: { status } }) => status.phase === 'Succeeded');
  await api.until(`${PODS}/two`, ({ body: { status } }) => status.phase === 'Running');
});

describe('the log of a container', () => {
  it('is what it printed', async () => {
    const answer = await api.get(`${PODS}/done/log`);
    expect(answer.headers['content-type']).toContain('text/plain');
    expect(answer.text).toMatch(/done\n$/);
  });

  it('has times on demand', async () => {
    const { text } = await api.get(`${PODS}/done/log?timestamps=true`);
    expect(text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d) .*done\n$/);
  });

  it('can be had in part', async () => {
    expect((await api.get(`${PODS}/done/log?tailLines=0`)).text).toBe('');
    expect((await api.get(`${PODS}/done/log?tailLines=1`)).text).toMatch(/done\n$/);
    expect((await api.get(`${PODS}/done/log?limitBytes=3`)).text).toHaveLength(3);
  });

  it('can be followed to its end', async () => {
    expect((await api.get(`${PODS}/done/log?follow=true`)).text).toMatch(/done\n$/);
  });

  it('needs the name of the container where there are several', async () => {
    const answer = await api.get(`${PODS}/two/log`);
    expect(answer.code).toBe(400);
    expect(answer.body.message).toContain('a container name must be specified for pod two, choose one of: [main side]');
    await api.until(`${PODS}/two/log?container=side`, ({ text }) => text.endsWith('done\n'));
  });

  it('of a container that the Pod does not have is refused', async () => {
    const answer = await api.get(`${PODS}/done/log?container=none`);
    expect(answer.code).toBe(400);
    expect(answer.body.message).toContain('container none is not valid for pod done');
  });

  it('from before a restart is refused where there was none', async () => {
    expect((await api.get(`${PODS}/two/log?container=main&previous=true`)).code).toBe(400);
  });

  it('of a Pod that is not there is told so', async () => {
    expect((await api.get(`${PODS}/none/log`)).code).toBe(404);
  });

  it('of a Pod that has no node is nothing', async () => {
    await api.create(PODS, pod('waiting'));
    for (const query of ['', '?follow=true', '?previous=true', '?container=main']) {
      const answer = await api.get(`${PODS}/waiting/log${query}`);
      expect(answer.code, query).toBe(204);
      expect(answer.text).toBe('');
    }
    expect((await api.get(`${PODS}/waiting/log?container=none`)).code).toBe(400);
  });
});
