import { describe, expect, it } from 'vitest';
import { sumOf } from './exposition.js';
import { cpuSeconds, memoryOf } from './proc.js';

const text = `# HELP runs_total Runs
# TYPE runs_total counter
runs_total{controller="a",result="success"} 5
runs_total{controller="a",result="error"} 2
runs_total_more 100
depth 3
`;

describe('what a controller says', () => {
  it('sums the series of a metric, and of no other that begins like it', () => {
    expect(sumOf(text, 'runs_total')).toBe(7);
    expect(sumOf(text, 'runs_total', { result: 'error' })).toBe(2);
    expect(sumOf(text, 'depth')).toBe(3);
    expect(sumOf(text, 'absent')).toBe(0);
  });
});

describe('what Linux says of a process', () => {
  it('counts CPU in seconds and memory in megabytes', () => {
    const { user, system } = process.cpuUsage();
    // The kernel counts in steps of 10 ms.
    expect(cpuSeconds(process.pid)).toBeGreaterThan((user + system) / 1e6 - 0.1);
    const { resident, peak } = memoryOf(process.pid);
    expect(resident).toBeGreaterThan(10);
    expect(peak).toBeGreaterThanOrEqual(resident);
  });
});
