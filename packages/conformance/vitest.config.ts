import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// Not part of `npm test`, and not to be run as it is: `npm run conformance` provides the cluster.
const conditions = ['@stackwright/source'];
const areas = 'packages/conformance/src/areas';
/** A node that takes no Pods is in the way of others. */
const alone = [`${areas}/kubectl-nodes.conformance.ts`];

export default defineConfig({
  root: join(import.meta.dirname, '../..'),
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    // Tests mostly wait for the cluster. One client per process is enough: files share what they load.
    maxWorkers: 3,
    projects: [
      group('side-by-side', 0, { include: [`${areas}/*.conformance.ts`], exclude: alone }),
      group('alone', 1, { include: alone }),
    ],
  },
});

/** What a group has in common; later groups begin when earlier ones are done. */
function group(name: string, groupOrder: number, files: { include: string[]; exclude?: string[] }) {
  return {
    extends: true as const,
    test: {
      ...files,
      name,
      isolate: false,
      sequence: { groupOrder },
      // What a test waits for has its own, shorter limits: these are for a cluster that does not answer at all.
      testTimeout: 180_000,
      hookTimeout: 180_000,
    },
  };
}
