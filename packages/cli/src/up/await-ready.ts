import { isConnectionFailed, isTimeout, type Client } from '@stackwright/kube';
import { runningDaemon } from '../cluster/daemon.js';
import type { ClusterPaths } from '../cluster/paths.js';
import { until } from '../cluster/wait.js';
import { CliError } from '../errors.js';
import { isReady } from '../observe/objects.js';
import type { Snapshot } from '../observe/snapshot.js';
import { takeSnapshot } from '../observe/take-snapshot.js';
import { allReady, progressOf } from '../progress/progress.js';
import type { ProgressView } from '../progress/view.js';

export interface AwaitOptions {
  paths: ClusterPaths;
  namespace: string;
  view: ProgressView;
  signal: AbortSignal;
  /** Told each snapshot: the last one explains a time-out. */
  seen: (snapshot: Snapshot) => void;
}

/** Shows the rows until the control plane and all that is shown is ready. */
export async function awaitReady(
  client: Client,
  { paths, namespace, view, signal, seen }: AwaitOptions,
): Promise<Snapshot> {
  return until(
    async () => {
      try {
        const snapshot = await takeSnapshot(client, namespace, signal);
        seen(snapshot);
        const rows = progressOf(snapshot);
        view.rows(rows);
        return snapshot.controlPlane && isReady(snapshot.controlPlane) && allReady(rows) ? snapshot : undefined;
      } catch (error) {
        // The cluster may be started anew meanwhile; gone for good it is when its process is.
        if (!isConnectionFailed(error) && !isTimeout(error)) throw error;
        if (!runningDaemon(paths))
          throw new CliError('The embedded cluster has ended.', {
            cause: error,
            hints: [`Its log: ${paths.log}`, 'Run the same command again to start it.'],
          });
        return undefined;
      }
    },
    { every: 300, signal },
  );
}
