// A graph is declared once, and run by as many controllers as there are: it keeps nothing of any of them.
import { evaluate } from '@stackwright/graph';
import { expect, it } from 'vitest';
import { FakeHttp } from '../testing/fake-http.js';
import { Sample, sample, sampleService } from '../testing/sample-service.js';
import { ServiceHarness } from '../testing/service-harness.js';

async function controllerOf(graph: ReturnType<typeof sampleService>, http: FakeHttp): Promise<ServiceHarness<Sample>> {
  const harness = new ServiceHarness<Sample>(() => graph, { kinds: [Sample] });
  await harness.standUp(sample());
  expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  expect(http.asked().filter((call) => call.includes('/auth/tokens'))).toHaveLength(1);
  return harness;
}

it('two controllers of one graph share no tokens, and each lets its own grow old by its own clock', async () => {
  const http = new FakeHttp();
  const graph = sampleService({ http });
  const one = await controllerOf(graph, http);
  const other = await controllerOf(graph, http);
  await one.later(3_600_000);
  expect(http.asked().filter((call) => call.includes('/auth/tokens')).length).toBeGreaterThan(0);
  await other.settle();
  await other.later(30_000);
  expect(http.asked().filter((call) => call.includes('/auth/tokens'))).toEqual([]);
});

it('evaluated twice, or declared twice, it says the same', async () => {
  const http = new FakeHttp();
  const graph = sampleService({ http });
  const harness = await controllerOf(graph, http);
  await harness.sync();
  const said = (of: typeof graph) => {
    const { object, reader, clock } = harness;
    const { steps } = evaluate({ graph: of.build(object), resource: Sample, object, reader, clock });
    return JSON.stringify(steps.map(({ step, outcome, writes }) => [step.name, outcome, writes]));
  };
  const first = said(graph);
  expect(said(graph)).toBe(first);
  expect(said(sampleService({ http }))).toBe(first);
});
