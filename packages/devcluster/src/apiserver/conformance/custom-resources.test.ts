// A taste of custom resources, in the very words of one version of Kubernetes: others have others. All else about them
// is in `packages/conformance`.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { status, TestServer } from '../testing/http.js';
import { CRDS, widget, widgetDefinition, WIDGETS } from '../testing/objects.js';

let api: TestServer;
beforeAll(async () => {
  api = await TestServer.start();
  await api.create(CRDS, widgetDefinition());
});
afterAll(() => api.stop());

it('are served as soon as they are defined, with their defaults', async () => {
  const { spec } = await api.create(WIDGETS, widget('served', { parts: [{ name: 'a' }] }));
  expect(spec).toEqual({ size: 1, replicas: 1, parts: [{ name: 'a', count: 1 }] });
});

it.each([
  [{ mode: 'odd' }, 'spec.mode', 'Unsupported value: "odd": supported values: "fast", "slow"'],
  [{ code: 'abcdef' }, 'spec.code', 'Too long: may not be more than 5 bytes'],
  [{ parts: [{ name: 'a' }, { name: 'a' }] }, 'spec.parts[1]', 'Duplicate value: {"name":"a"}'],
])('%j is refused with the path and the reason', async (spec, field, message) => {
  const answer = await api.post(WIDGETS, widget('invalid', spec));
  expect(answer.code).toBe(422);
  expect(status(answer).details?.causes).toContainEqual(expect.objectContaining({ field, message }));
});
