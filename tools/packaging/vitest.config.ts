import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// Not part of `npm test`: it builds, packs and installs. `npm run packages` runs it.
export default defineConfig({
  root: join(import.meta.dirname, '../..'),
  test: {
    include: ['tools/packaging/src/*.packaging.ts'],
    // npm, the compiler and a whole cluster, one after the other: these are limits for what does not answer at all.
    testTimeout: 300_000,
    hookTimeout: 600_000,
  },
});
