import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// One file after the other, one test after the other: those of the suite are steps of a story. Time-outs are for a slow
// machine; nothing waits longer than what it waits for.
const conditions = ['@stackwright/source'];

export default defineConfig({
  root: join(import.meta.dirname, '../..'),
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ['tools/e2e/src/**/*.e2e.ts', 'packages/**/*.e2e.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    fileParallelism: false,
    sequence: { concurrent: false },
    reporters: ['verbose'],
  },
});
