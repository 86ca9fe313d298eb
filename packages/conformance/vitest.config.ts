import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// Not part of `npm test`, and not to be run as it is: `npm run conformance` provides the cluster.
const conditions = ['@stackwright/source'];

export default defineConfig({
  root: join(import.meta.dirname, '../..'),
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ['packages/conformance/src/areas/**/*.conformance.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    // What a test waits for has its own, shorter limits: these are for a cluster that does not answer at all.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // Tests mostly wait for the cluster. One client per process is enough: files share what they load.
    maxWorkers: 3,
    isolate: false,
  },
});
