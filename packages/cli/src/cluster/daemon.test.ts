import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runningDaemon, startDaemon, stopDaemon, type Daemon } from './daemon.js';
import { clusterPaths, type ClusterPaths } from './paths.js';

let home: string;
let paths: ClusterPaths;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'daemon-'));
  paths = clusterPaths(join(home, 'state'));
  mkdirSync(paths.stateDir, { mode: 0o700 });
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** Resolves once the program has said that it is there. */
async function started(source: string): Promise<Daemon> {
  const program = join(home, 'program.cjs');
  writeFileSync(program, `${source}\nconsole.log('up'); setInterval(() => undefined, 1000);`);
  const daemon = startDaemon(paths, { program, build: '1', node: 'podman', namespace: 'openstack' });
  await vi.waitFor(() => expect(readFileSync(paths.log, 'utf8')).toBe('up\n'), { timeout: 10_000 });
  return daemon;
}

const never = new AbortController().signal;

describe("the embedded cluster's process", () => {
  it('ends when it is asked to', async () => {
    const daemon = await started('');
    expect(runningDaemon(paths)).toEqual(daemon);
    await stopDaemon(paths, daemon, never);
    expect(runningDaemon(paths)).toBeUndefined();
  });

  it('is killed when it hangs, so that nobody waits for it for ever', async () => {
    const daemon = await started("process.on('SIGTERM', () => undefined);");
    await stopDaemon(paths, daemon, never, 100);
    expect(runningDaemon(paths)).toBeUndefined();
  });

  it('is left alone by a user who waits no longer', async () => {
    const daemon = await started("process.on('SIGTERM', () => undefined);");
    await expect(stopDaemon(paths, daemon, AbortSignal.timeout(50), 10_000)).rejects.toThrow();
    expect(runningDaemon(paths)).toEqual(daemon);
    process.kill(daemon.pid, 'SIGKILL');
  });
});
