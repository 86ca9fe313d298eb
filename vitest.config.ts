import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// Tests run from source: the `@stackwright/source` condition makes a build unnecessary.
const conditions = ['@stackwright/source'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ['packages/**/*.test.ts', 'tools/**/*.test.ts', 'docs/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', 'tools/e2e/**'],
    // Both cores of a small machine: the default leaves one idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
});
