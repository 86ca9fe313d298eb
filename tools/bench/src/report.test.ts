import { describe, expect, it } from 'vitest';
import type { Variant } from './options.js';
import { report, type Run } from './report.js';
import { markdownOf, textOf } from './table.js';

const run = (variant: Variant, repeat: number, values: Record<string, number>): Run => ({
  objects: 1000,
  variant,
  repeat,
  values,
});
const facts = {
  date: '2026-01-01 00:00',
  commit: 'abc',
  node: 'v20',
  cores: 2,
  processor: 'x',
  memory: 4,
  server: 'devcluster',
  countedBy: 'its audit log',
};
const row = (runs: Run[], key: string) => report(runs, ['create', 'restart'])[0]?.rows.find((one) => one.key === key);

describe('a report', () => {
  it('compares within each repeat, and takes the median of that', () => {
    // The machine was ten times slower in the second repeat: the ratios are not.
    const runs = [
      run('graph', 0, { 'create.cpu': 2 }),
      run('floor', 0, { 'create.cpu': 1 }),
      run('graph', 1, { 'create.cpu': 20 }),
      run('floor', 1, { 'create.cpu': 10 }),
      run('graph', 2, { 'create.cpu': 5 }),
    ];
    expect(row(runs, 'create.cpu')?.ratios).toEqual({ graph: { floor: 2 } });
    expect(row(runs, 'create.cpu')?.values.graph).toEqual({ median: 5, min: 2, max: 20, count: 3 });
  });

  it('holds ours against the targets, and nobody else', () => {
    const runs = [
      run('plain', 0, { 'create.calls': 4, 'create.cpu': 1.1 }),
      run('graph', 0, { 'create.calls': 8, 'create.cpu': 1.3 }),
      run('floor', 0, { 'create.calls': 40, 'create.cpu': 1 }),
      run('client-node', 0, { 'create.cpu': 10 }),
    ];
    const verdicts = [
      { variant: 'plain', met: true },
      { variant: 'graph', met: false },
    ];
    expect(row(runs, 'create.calls')?.verdicts).toEqual(verdicts);
    expect(row(runs, 'create.cpu')?.verdicts).toEqual(verdicts);
  });

  it('judges no ratio to what was not measured', () => {
    expect(row([run('plain', 0, { 'create.cpu': 1 })], 'create.cpu')).toMatchObject({ ratios: {}, verdicts: [] });
  });

  it('keeps sizes apart, and leaves out what was not measured', () => {
    const tables = report(
      [run('plain', 0, { 'create.calls': 4 }), { ...run('plain', 0, {}), objects: 10 }],
      ['create'],
    );
    expect(tables.map(({ objects, rows }) => [objects, rows.length])).toEqual([
      [1000, 1],
      [10, 0],
    ]);
  });
});

describe('a table', () => {
  const runs = [
    run('plain', 0, { 'create.calls': 4, 'restart.drained': 300 }),
    run('plain', 1, { 'create.calls': 4, 'restart.drained': 350 }),
    run('graph', 0, { 'create.calls': 8 }),
    run('floor', 0, { 'create.calls': 4 }),
  ];
  const text = textOf(facts, report(runs, ['create', 'restart']));

  it('shows spread where there is one, and what was missed by whom', () => {
    expect(text).toContain('1,000 objects, 2 runs');
    expect(text).toMatch(/^API calls per object +4\.00 +8\.00 +4\.00 +1\.00 +2\.00 +≤ 5 +missed by graph$/m);
    expect(text).toMatch(/^Process start to queue drained, ms +325 \(300–350\) .*≤ 400 ms +met$/m);
    expect(text).toContain('commit abc');
  });

  it('is the same in Markdown', () => {
    expect(markdownOf(facts, report(runs, ['create']))).toContain(
      '| API calls per object | 4.00 | 8.00 | 4.00 | 1.00 | 2.00 | ≤ 5 | missed by graph |',
    );
  });
});
