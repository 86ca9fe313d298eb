import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// Tests run from source: the `@stackwright/source` condition makes a build unnecessary.
const conditions = ['@stackwright/source'];
const exclude = ['**/node_modules/**', '**/dist/**', 'tools/e2e/**'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    // Both cores of a small machine: the default leaves one idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 20_000,
    hookTimeout: 20_000,
    projects: [
      {
        extends: true,
        test: {
          // Tests of packages keep nothing that another file could find: they share a process, as loading the packages for
          // each file took longer than the tests.
          name: 'packages',
          include: ['packages/**/*.test.ts'],
          exclude,
          isolate: false,
          setupFiles: ['packages/core/src/testing/forget-secrets.ts'],
        },
      },
      {
        extends: true,
        // These run whole controllers and command lines.
        test: { name: 'tools', include: ['tools/**/*.test.ts', 'docs/**/*.test.ts'], exclude },
      },
    ],
  },
});
