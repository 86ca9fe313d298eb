// count-tests.mjs FAILED-STAGES NAME=REPORT…: sums the JSON reports of vitest runs into `N passed, N failed`.
// A stage that failed without a failed test (lint, a report that was never written) counts as one failure.
import { existsSync, readFileSync } from 'node:fs';

const [failedStages, ...reports] = process.argv.slice(2);
let passed = 0;
let failed = 0;
let explained = 0;
for (const entry of reports) {
  const [name, path] = entry.split('=');
  if (!existsSync(path)) {
    console.log(`${name}: no report`);
    continue;
  }
  const report = JSON.parse(readFileSync(path, 'utf8'));
  passed += report.numPassedTests;
  failed += report.numFailedTests;
  if (report.numFailedTests > 0) explained += 1;
  console.log(`${name}: ${report.numPassedTests} passed, ${report.numFailedTests} failed, ${report.numPendingTests} skipped`);
}
failed += Math.max(0, Number(failedStages) - explained);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
