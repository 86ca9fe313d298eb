import { Deployment } from '@stackwright/kube';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { observeSteps } from './metrics.js';
import { Sample } from '../testing/sample.js';

const at = (name: string) => ({ namespace: 'ns', name });
const standing = (state: 'Done' | 'Waiting' | 'Failed', reason = 'R') => [{ step: 'App', state, reason, message: '' }];

async function seriesOf(registry: Registry, metric: string): Promise<string[]> {
  const lines = (await registry.getSingleMetricAsString(metric)).split('\n');
  return lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.slice(metric.length));
}

describe('the metrics of steps', () => {
  it('count objects by how a step stands for them, and forget those that are gone', async () => {
    const registry = new Registry();
    const metrics = observeSteps(registry);
    metrics.statuses(Sample, at('a'), standing('Waiting'));
    metrics.statuses(Sample, at('b'), standing('Waiting'));
    metrics.statuses(Sample, at('a'), standing('Failed', 'JobFailed'));
    expect(await seriesOf(registry, 'controller_step_standing')).toEqual([
      '{kind="Sample",step="App",standing="Waiting"} 1',
      '{kind="Sample",step="App",standing="Failed"} 1',
    ]);
    expect(await seriesOf(registry, 'controller_step_outcomes_total')).toEqual([
      '{kind="Sample",step="App",outcome="Waiting"} 2',
      '{kind="Sample",step="App",outcome="Failed"} 1',
    ]);
    expect(await seriesOf(registry, 'controller_step_errors_total')).toEqual([
      '{kind="Sample",step="App",reason="JobFailed"} 1',
    ]);
    for (const name of ['a', 'b']) metrics.statuses(Sample, at(name), undefined);
    expect((await seriesOf(registry, 'controller_step_standing')).every((line) => line.endsWith(' 0'))).toBe(true);
  });

  it('tell which objects are not available, and why, apart from those that are not ready', async () => {
    const registry = new Registry();
    const metrics = observeSteps(registry);
    const refused = { step: 'Config', state: 'Failed', reason: 'InvalidConfig', message: '' } as const;
    const endpoint = (status: 'True' | 'False') => {
      const serving = { status, reason: 'ApiUnreachable', message: '' } as const;
      return { step: 'Endpoint', state: 'Blocked', reason: 'WaitingForStep', message: '', serving } as const;
    };
    const series = { away: 'controller_resource_unavailable', notReady: 'controller_resource_not_ready' };
    metrics.statuses(Sample, at('a'), [refused, endpoint('True')]);
    expect(await seriesOf(registry, series.away)).toEqual([]);
    expect(await seriesOf(registry, series.notReady)).toHaveLength(1);
    metrics.statuses(Sample, at('a'), [refused, endpoint('False')]);
    expect(await seriesOf(registry, series.away)).toEqual([
      '{kind="Sample",namespace="ns",name="a",reason="ApiUnreachable"} 1',
    ]);
    metrics.statuses(Sample, at('a'), undefined);
    expect(await seriesOf(registry, series.away)).toEqual([]);
  });

  it('tell a bounded number of field managers apart', async () => {
    const registry = new Registry();
    const metrics = observeSteps(registry);
    for (let index = 0; index < 1_000; index++) metrics.driftRepaired(Deployment, [`manager-${index}`]);
    const series = await seriesOf(registry, 'controller_drift_corrections_total');
    expect(series).toHaveLength(26);
    expect(series.at(-1)).toBe('{gvk="apps/v1/Deployment",manager="exceeded_cardinality_limit"} 975');
  });
});
