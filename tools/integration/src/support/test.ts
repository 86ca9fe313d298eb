import { test as base, vi, type TestAPI } from 'vitest';
import { startWorld, type World } from './world.js';

// For slow machines: nothing waits longer than what it waits for.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

/** A test with a cluster and controllers of its own. */
export const it: TestAPI<{ world: World }> = base.extend<{ world: World }>({
  world: async ({}, use) => {
    const world = await startWorld();
    await use(world);
    await world.stop();
  },
});
