import { describe, expect, it } from 'vitest';
import { disruptionBudget } from './disruption.js';
import { schedulingOf } from './scheduling.js';

const selector = { 'app.kubernetes.io/instance': 'a', 'app.kubernetes.io/component': 'api' };

describe('where Pods run', () => {
  it('is apart from each other, as far as there are nodes and zones', () => {
    expect(schedulingOf({}, selector)).toEqual({
      topologySpreadConstraints: ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'].map((topologyKey) => ({
        topologyKey,
        maxSkew: 1,
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: selector },
      })),
    });
  });

  it('is what the object says, with the Pods of this workload alone counting', () => {
    const constraint = { topologyKey: 'rack', whenUnsatisfiable: 'DoNotSchedule', maxSkew: 2 } as const;
    const said = {
      priorityClassName: 'control-plane',
      nodeSelector: { role: 'control' },
      tolerations: [{ key: 'role', operator: 'Exists' as const }],
    };
    expect(schedulingOf({ ...said, topologySpreadConstraints: [constraint] }, selector)).toEqual({
      ...said,
      topologySpreadConstraints: [{ ...constraint, labelSelector: { matchLabels: selector } }],
    });
  });

  it('is spread neither where that is not wanted nor where there is one Pod only', () => {
    expect(schedulingOf({ topologySpreadConstraints: [] }, selector)).toEqual({});
    expect(schedulingOf({ nodeSelector: { a: 'b' } })).toEqual({ nodeSelector: { a: 'b' } });
  });
});

describe('a disruption budget', () => {
  it('lets one Pod go at a time, and a broken one always', () => {
    expect(disruptionBudget('x', selector)).toEqual({
      metadata: { name: 'x', labels: { 'app.kubernetes.io/component': 'api' } },
      spec: { maxUnavailable: 1, selector: { matchLabels: selector }, unhealthyPodEvictionPolicy: 'AlwaysAllow' },
    });
  });

  it('is what the object says: never both of the numbers, which the API refuses', () => {
    const said = { minAvailable: '50%', unhealthyPodEvictionPolicy: 'IfHealthyBudget' } as const;
    expect(disruptionBudget('x', selector, said).spec).toEqual({ ...said, selector: { matchLabels: selector } });
    expect(disruptionBudget('x', selector, { maxUnavailable: 0 }).spec).toMatchObject({ maxUnavailable: 0 });
  });
});
