import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AREAS, beside } from './areas.js';
import { describeArea, reportOf, summary, type Finding } from './report.js';

const finding = (statement: string, verdict: Finding['verdict'], because?: string): Finding => ({
  statement,
  verdict,
  ...(because === undefined ? {} : { because }),
  duration: 1,
});
const area = {
  area: 'Errors',
  findings: [
    finding('404 is 404', 'holds'),
    finding('a is b', 'differs', 'saw c\nat x'),
    finding('x', 'skipped', 'no node'),
  ],
};

it('every file of tests is an area, and every area has one', () => {
  const files = readdirSync(join(import.meta.dirname, '../areas')).map((name) => name.replace('.conformance.ts', ''));
  expect(AREAS.map(({ file }) => file).sort()).toEqual(files.sort());
});

describe('an area', () => {
  it('is told finding by finding, with what was seen instead, and why not looked at', () => {
    expect(describeArea(area)).toEqual([
      'Errors',
      '  ✓ 404 is 404',
      '  ✗ a is b',
      '      saw c',
      '      at x',
      '  - x (skipped: no node)',
      '',
    ]);
  });

  it('that cannot be looked at at all is told in one line', () => {
    const skipped = [finding('x', 'skipped', 'no node'), finding('y', 'skipped', 'no node')];
    expect(describeArea({ area: 'Logs', findings: skipped })).toEqual(['Logs', '  - all 2 skipped: no node', '']);
  });

  it('is left out where it says nothing', () => {
    expect(beside({ devcluster: false, missing: {} })).toEqual(['differences']);
    expect(beside({ devcluster: true, missing: { containers: 'simulated' } })).toEqual(['kubectl-containers']);
    expect(beside({ devcluster: true, missing: {} })).toEqual([]);
    expect(beside({ devcluster: false, missing: { containers: 'no node' } })).toEqual(['differences']);
  });
});

it('the counts are those of the findings', () => {
  expect(summary([area, area])).toBe('2 hold, 2 differ, 2 skipped');
  expect(reportOf({ server: 's', version: 'v', devcluster: true }, [area])).toMatchObject({
    numPassedTests: 1,
    numFailedTests: 1,
    numPendingTests: 1,
  });
});
