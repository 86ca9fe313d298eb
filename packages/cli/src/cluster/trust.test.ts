import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { connect } from './connect.js';
import { runningDaemon } from './daemon.js';
import { clusterPaths, type ClusterPaths } from './paths.js';
import { expectOwn } from './trust.js';

let home: string;
let paths: ClusterPaths;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'trust-'));
  paths = clusterPaths(join(home, 'state'));
  mkdirSync(paths.stateDir, { mode: 0o700 });
  writeFileSync(paths.kubeconfig, 'kind: Config\n', { mode: 0o600 });
  writeFileSync(paths.daemon, JSON.stringify({ pid: process.pid, node: 'podman', build: '' }), { mode: 0o600 });
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

it('a state directory of its owner alone is believed, and one that is not there is nobody’s', () => {
  expect(() => expectOwn(paths.stateDir, paths.kubeconfig, paths.daemon, paths.log)).not.toThrow();
  expect(() => expectOwn(join(home, 'none'))).not.toThrow();
});

const isRoot = process.getuid?.() === 0;
const changes: [string, () => void][] = [
  ['is open to all', () => chmodSync(paths.stateDir, 0o777)],
  ['can be read by others', () => chmodSync(paths.stateDir, 0o755)],
  ['has files that others may write', () => [paths.kubeconfig, paths.daemon].forEach((path) => chmodSync(path, 0o666))],
  [
    'is a link',
    () => {
      symlinkSync(paths.stateDir, join(home, 'link'));
      paths = clusterPaths(join(home, 'link'));
    },
  ],
  ...(isRoot
    ? ([
        ['is of somebody else', () => chownSync(paths.stateDir, 65534, 0)],
        [
          'has files of somebody else',
          () => [paths.kubeconfig, paths.daemon].forEach((path) => chownSync(path, 65534, 0)),
        ],
      ] as [string, () => void][])
    : []),
];

it.each(changes)('one that %s names neither a cluster nor a process to end', async (_what, change) => {
  change();
  const kubeconfig = process.env['KUBECONFIG'];
  delete process.env['KUBECONFIG'];
  try {
    await expect(connect({ embedded: paths.kubeconfig })).rejects.toThrow('UntrustedStateDirectory');
    expect(() => runningDaemon(paths)).toThrow('UntrustedStateDirectory');
  } finally {
    if (kubeconfig !== undefined) process.env['KUBECONFIG'] = kubeconfig;
  }
});
