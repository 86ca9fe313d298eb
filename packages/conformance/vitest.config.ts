import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// Not part of `npm test`, and not to be run as it is: `npm run conformance` provides the cluster.
const inWorkspace = existsSync(join(import.meta.dirname, '../../nx.json'));
const conditions = inWorkspace ? ['@stackwright/source'] : [];
const areas = 'src/areas';
/** A node that takes no Pods is in the way of others. */
const alone = [`${areas}/kubectl-nodes.conformance.ts`];

export default defineConfig({
  root: import.meta.dirname,
  // Elsewhere the defaults are left alone: an empty list would take Node's own conditions away.
  ...(inWorkspace && { resolve: { conditions }, ssr: { resolve: { conditions, externalConditions: conditions } } }),
  test: {
    // Tests mostly wait for the cluster. One client per process is enough: files share what they load.
    maxWorkers: 3,
    projects: [
      group('side-by-side', 0, { include: [`${areas}/*.conformance.ts`], exclude: alone }),
      group('alone', 1, { include: alone, exclude: [] }),
    ],
  },
});

/** What a group has in common; later groups begin when earlier ones are done. */
function group(name: string, groupOrder: number, files: { include: string[]; exclude: string[] }) {
  return {
    extends: true as const,
    test: {
      ...files,
      name,
      isolate: false,
      // Installed, the suite lies in node_modules, whose TypeScript Node would not take.
      server: { deps: { inline: [/[\\/]@stackwright[\\/]conformance[\\/]/] } },
      sequence: { groupOrder },
      // What a test waits for has its own, shorter limits: these are for a cluster that does not answer at all.
      testTimeout: 180_000,
      hookTimeout: 180_000,
    },
  };
}
