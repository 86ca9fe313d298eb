// What needs a short memory. All else about lists is in `packages/conformance`.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { status, TestServer, type Answer } from '../testing/http.js';
import { configMap } from '../testing/objects.js';

let api: TestServer;
beforeAll(async () => {
  api = await TestServer.start({ historyLimit: 20 });
});
afterAll(() => api.stop());

const names = (answer: Answer): string[] => answer.body.items.map(({ metadata }) => metadata.name);

async function namespaceWith(namespace: string, ...objects: string[]): Promise<string> {
  await api.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  for (const name of objects) await api.create(path, configMap(name));
  return path;
}

describe('pages', () => {
  it('that took too long are told 410, with a token to go on inconsistently', async () => {
    const path = await namespaceWith('slow', 'a', 'b', 'c');
    const first = await api.get(`${path}?limit=1`);
    for (let round = 0; round < 60; round += 1) await api.merge(`${path}/a`, { data: { round: String(round) } });
    const late = await api.get(`${path}?limit=1&continue=${first.body.metadata.continue}`);
    expect(late.code).toBe(410);
    expect(status(late).reason).toBe('Expired');
    const rest = await api.get(`${path}?continue=${status(late).metadata?.continue ?? ''}`);
    expect(names(rest)).toEqual(['b', 'c']);
  });
});
