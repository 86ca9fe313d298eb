import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** Where the embedded cluster keeps what it must not forget. */
export interface ClusterPaths {
  stateDir: string;
  /** The administrator's kubeconfig; written by the cluster when it is up. */
  kubeconfig: string;
  /** What the cluster's process said. */
  log: string;
  /** Which process it is, and how it was started. */
  daemon: string;
}

export function clusterPaths(stateDir: string | undefined): ClusterPaths {
  const directory = resolve(
    stateDir ?? process.env['STACKWRIGHT_STATE_DIR'] ?? join(workspaceRoot() ?? process.cwd(), '.stackwright'),
  );
  return {
    stateDir: directory,
    kubeconfig: join(directory, 'kubeconfig'),
    log: join(directory, 'devcluster.log'),
    daemon: join(directory, 'daemon.json'),
  };
}

/** The clone that this program was built in; undefined when it was installed elsewhere. */
export function workspaceRoot(): string | undefined {
  for (let directory = import.meta.dirname; directory !== dirname(directory); directory = dirname(directory)) {
    const manifest = join(directory, 'package.json');
    if (
      existsSync(manifest) &&
      (JSON.parse(readFileSync(manifest, 'utf8')) as { name?: string }).name === 'stackwright'
    )
      return directory;
  }
  return undefined;
}
