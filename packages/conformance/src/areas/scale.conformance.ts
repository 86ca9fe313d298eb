import { describe, expect, it } from 'vitest';
import { bench } from '../support/bench.js';
import { deployment } from '../support/objects.js';

const api = bench('scale', { widgets: true });
const { DEPLOYMENTS, WIDGETS } = api.paths;

const unscheduled = {
  metadata: { labels: { app: 'scaled' } },
  spec: { nodeSelector: { never: 'never' }, containers: [{ name: 'main', image: 'busybox:1' }] },
};

describe('the scale subresource', () => {
  it('reads and writes the replicas of a custom resource', async () => {
    await api.create(WIDGETS, api.widget('scaled', { replicas: 2 }));
    await api.merge(`${WIDGETS}/scaled/status`, { status: { replicas: 1 } });
    const { body } = await api.get(`${WIDGETS}/scaled/scale`);
    expect(body).toMatchObject({
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      spec: { replicas: 2 },
      status: { replicas: 1 },
    });
    expect((await api.put(`${WIDGETS}/scaled/scale`, { ...body, spec: { replicas: 4 } })).body.spec.replicas).toBe(4);
    expect((await api.merge(`${WIDGETS}/scaled/scale`, { spec: { replicas: 5 } })).body.spec.replicas).toBe(5);
    const scaled = (await api.get(`${WIDGETS}/scaled`)).body;
    expect(scaled.spec.replicas).toBe(5);
    expect(scaled.metadata.generation).toBe(3);
  });

  it('minds the revision', async () => {
    await api.create(WIDGETS, api.widget('scaled-late'));
    const { body } = await api.get(`${WIDGETS}/scaled-late/scale`);
    await api.merge(`${WIDGETS}/scaled-late`, { spec: { size: 2 } });
    expect((await api.put(`${WIDGETS}/scaled-late/scale`, body)).code).toBe(409);
  });

  it('reads and writes the replicas of a Deployment', async () => {
    await api.create(DEPLOYMENTS, deployment('scaled', { paused: true, template: unscheduled }));
    const answer = await api.merge(`${DEPLOYMENTS}/scaled/scale`, { spec: { replicas: 4 } });
    expect(answer.body).toMatchObject({ kind: 'Scale', spec: { replicas: 4 }, status: { selector: 'app=scaled' } });
    expect((await api.get(`${DEPLOYMENTS}/scaled`)).body.spec.replicas).toBe(4);
  });

  it('refuses replicas below zero', async () => {
    await api.create(DEPLOYMENTS, deployment('negative'));
    expect((await api.merge(`${DEPLOYMENTS}/negative/scale`, { spec: { replicas: -1 } })).code).toBe(422);
    await api.create(WIDGETS, api.widget('negative'));
    expect((await api.merge(`${WIDGETS}/negative/scale`, { spec: { replicas: -1 } })).code).toBe(422);
  });

  it('is not there where it was not asked for', async () => {
    await api.define(api.definition('rigids', 'Rigid'));
    const path = `/apis/${api.group}/v1/namespaces/${api.namespace}/rigids`;
    await api.create(path, { apiVersion: `${api.group}/v1`, kind: 'Rigid', metadata: { name: 'r' } });
    expect((await api.get(`${path}/r/scale`)).code).toBe(404);
    expect((await api.get(`${path}/r/status`)).code).toBe(404);
    await api.delete(`${api.paths.CRDS}/rigids.${api.group}`);
  });
});
