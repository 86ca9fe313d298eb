import { defineConfig } from 'vitest/config';

// One cluster, one file, one test after the other: they are steps of a story. Time-outs are for a slow machine; nothing
// waits longer than what it waits for.
const conditions = ['@stackwright/source'];

export default defineConfig({
  root: import.meta.dirname,
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ['src/**/*.e2e.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    fileParallelism: false,
    sequence: { concurrent: false },
    reporters: ['verbose'],
  },
});
