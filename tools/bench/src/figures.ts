// Every figure that is measured: its name, its unit, and the target that it is held against.
import type { Variant, Workload } from './options.js';

export interface Target {
  /** As the table says it. */
  text: string;
  /** Whether ours meets it; undefined where what it is compared with was not measured. */
  met(value: number, ratio: (to: Variant) => number | undefined): boolean | undefined;
}

export interface Figure {
  key: string;
  workload: Workload;
  title: string;
  unit: '' | 'ms' | 's' | 'MB' | 'kB' | '%' | '/s' | '/min';
  digits: number;
  /** Whether dividing one variant's by another's says anything. Default true. */
  ratio?: boolean;
  target?: (objects: number) => Target | undefined;
}

const atMost = (limit: number, unit = ''): Target => ({
  text: `≤ ${limit}${unit && ` ${unit}`}`,
  // What is not told apart at the digits that are shown is not missed.
  met: (value) => value <= limit * 1.005,
});
const below = (limit: number, unit: string): Target => ({ text: `< ${limit} ${unit}`, met: (value) => value < limit });
const always = (target: Target) => () => target;

/** Of the controller's CPU: what a library may cost. */
const cpu: Target = {
  text: '≤ 1/5 of client-node, ≤ 1.2 of floor',
  met: (_value, ratio) => {
    const [baseline, floor] = [ratio('client-node'), ratio('floor')];
    if (baseline === undefined || floor === undefined) return undefined;
    return baseline <= 0.2 && floor <= 1.2;
  },
};

const figure = (
  workload: Workload,
  key: string,
  title: string,
  unit: Figure['unit'],
  digits: number,
  rest: Pick<Figure, 'ratio' | 'target'> = {},
): Figure => ({ workload, key: `${workload}.${key}`, title, unit, digits, ...rest });

export const figures: readonly Figure[] = [
  figure('idle', 'bundle', 'Program on disk', 'kB', 0),
  figure('idle', 'import', 'Reading and running its modules', 'ms', 0, { target: always(below(400, 'ms')) }),
  figure('idle', 'ready', 'Process start to caches full', 'ms', 0),
  figure('idle', 'memory', 'Resident, no objects', 'MB', 0, { target: always(below(75, 'MB')) }),
  figure('idle', 'rest', 'CPU at rest, without a Lease, of one core', '%', 2, {
    ratio: false,
    target: always(atMost(0.05, '%')),
  }),
  figure('idle', 'wakeUps', 'Wake-ups at rest, without a Lease', '/s', 1, {
    ratio: false,
    target: always(atMost(5, '/s')),
  }),

  figure('create', 'calls', 'API calls per object', '', 2, { target: always(atMost(5)) }),
  figure('create', 'events', '… of them events for people', '', 2, { ratio: false }),
  figure('create', 'reconciles', 'Reconciles per object', '', 2, { target: always(atMost(3)) }),
  figure('create', 'cpu', 'CPU per object, as a burst', 'ms', 2, { target: always(cpu) }),
  figure('create', 'pacedCpu', 'CPU per object, at 50/s', 'ms', 2, { target: always(cpu) }),
  figure('create', 'p50', 'Create to Ready at 50/s, p50', 'ms', 1),
  figure('create', 'p99', 'Create to Ready at 50/s, p99', 'ms', 1),
  figure('create', 'burstP50', 'Create to Ready as a burst, p50', 'ms', 0),
  figure('create', 'burstP99', 'Create to Ready as a burst, p99', 'ms', 0),
  figure('create', 'throughput', 'Objects made Ready in a burst', '/s', 0),
  figure('create', 'serverLoad', "The server's share of a core in the burst", '%', 0, { ratio: false }),
  figure('create', 'memory1000', 'Resident with 1,000 objects', 'MB', 0, { target: always(below(100, 'MB')) }),
  figure('create', 'memory10000', 'Resident with 10,000 children', 'MB', 0, { target: always(below(120, 'MB')) }),
  figure('create', 'memory', 'Resident with all objects', 'MB', 0),
  figure('create', 'peak', 'Most that was resident', 'MB', 0),

  figure('steady', 'mutating', 'Writes at steady state', '', 0, { ratio: false, target: always(atMost(0)) }),
  figure('steady', 'calls', 'Other API calls', '/min', 1, { ratio: false }),
  figure('steady', 'lease', 'Renewals of the Lease', '/min', 1, { ratio: false }),
  figure('steady', 'cpu', 'CPU, of a core', '%', 2, { ratio: false }),

  figure('churn', 'calls', 'API calls per edit', '', 2, { target: always(atMost(2)) }),
  figure('churn', 'reconciles', 'Reconciles per edit', '', 2),
  figure('churn', 'cpu', 'CPU per edit', 'ms', 2, { target: always(cpu) }),
  figure('churn', 'p50', 'Edit to Ready, p50', 'ms', 1),
  figure('churn', 'p99', 'Edit to Ready, p99', 'ms', 1),

  figure('restart', 'synced', 'Process start to caches full', 'ms', 0),
  figure('restart', 'drained', 'Process start to queue drained', 'ms', 0, {
    target: (objects) => (objects <= 1000 ? atMost(400, 'ms') : atMost(10_000, 'ms')),
  }),
  figure('restart', 'fresh', 'Longest wait of an object made meanwhile', 'ms', 0, {
    target: always(atMost(1000, 'ms')),
  }),
  figure('restart', 'mutating', 'Writes after a restart', '', 0, { ratio: false, target: always(atMost(0)) }),
  figure('restart', 'cpu', 'CPU of the restart', 'ms', 0),
  figure('restart', 'memory', 'Resident after the restart', 'MB', 0),
  figure('restart', 'peak', 'Most that was resident', 'MB', 0),
  figure('restart', 'upgradeDrained', 'New version: start to all children rewritten', 'ms', 0),
  figure('restart', 'upgradeFresh', 'New version: longest wait of an object made meanwhile', 'ms', 0, {
    target: always(atMost(1000, 'ms')),
  }),
  figure('restart', 'upgradeCalls', 'New version: API calls per object', '', 2),
];
