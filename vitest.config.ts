import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// Tests run from source: the `@stackwright/source` condition makes a build unnecessary.
const conditions = ['@stackwright/source'];
const exclude = ['**/node_modules/**', '**/dist/**', 'tools/e2e/**'];

/** These keep nothing that another file could find: their tests share a process, which saves loading the packages for each file. */
const sharing = [
  'kube',
  'devcluster',
  'api',
  'graph',
  'openstack',
  'keystone',
  'placement',
  'glance',
  'mariadb',
  'rabbitmq',
  'memcached',
  'coordinator',
].map((name) => `packages/${name}/**/*.test.ts`);

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
          name: 'all',
          include: ['packages/**/*.test.ts', 'tools/**/*.test.ts', 'docs/**/*.test.ts'],
          exclude: [...exclude, ...sharing],
        },
      },
      {
        extends: true,
        test: {
          name: 'sharing',
          include: sharing,
          exclude,
          isolate: false,
          setupFiles: ['packages/core/src/testing/forget-secrets.ts'],
        },
      },
    ],
  },
});
