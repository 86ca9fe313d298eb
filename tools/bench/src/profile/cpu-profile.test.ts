import { expect, it } from 'vitest';
import { areaOf, Places, usageOf, type CpuProfile } from './cpu-profile.js';

const frame = (functionName: string) => ({ functionName, url: '', lineNumber: 0, columnNumber: 0 });
const profile: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame('(root)'), children: [2, 4] },
    { id: 2, callFrame: frame('outer'), children: [3] },
    { id: 3, callFrame: frame('inner'), children: [5] },
    { id: 4, callFrame: frame('(idle)') },
    { id: 5, callFrame: frame('outer') },
  ],
  samples: [2, 3, 4, 5],
  timeDeltas: [0, 1000, 2000, 4000],
  startTime: 10_000,
  endTime: 17_000,
};

it('gives time to the function that ran, and to all that called it, once', () => {
  const usage = new Map(usageOf(profile, new Places('/')).map((one) => [one.name, one]));
  expect(usage.get('outer')).toMatchObject({ self: 1, total: 3 });
  expect(usage.get('inner')).toMatchObject({ self: 2, total: 2 });
  expect(usage.has('(idle)')).toBe(false);
});

it('looks at a window of time only', () => {
  expect(usageOf(profile, new Places('/'), 10_500, 12_000)).toMatchObject([
    { name: 'inner' },
    { name: 'outer', self: 0 },
  ]);
});

it('sorts files by package', () => {
  expect(areaOf('packages/core/src/cache/store.ts')).toBe('packages/core/src/cache');
  expect(areaOf('packages/kube/src/watch.ts')).toBe('packages/kube');
  expect(areaOf('node_modules/@pinojs/redact/index.js')).toBe('node_modules/@pinojs/redact');
});
