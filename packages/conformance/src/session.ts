// Before and after all tests: finds the cluster, or starts one, and takes away what the run has left there.
import { randomInt } from 'node:crypto';
import { createClient, createTransport, loadConfig } from '@stackwright/kube';
import { startDevclusterProcess, type NodeDriver } from './cluster/devcluster.js';
import { imageFor, survey, versionOf } from './cluster/survey.js';
import { sweep } from './cluster/sweep.js';
import type { Target } from './target.js';

export interface SessionOptions {
  /** Absent: a devcluster is started. Several paths, as in the variable. */
  kubeconfig: string | undefined;
  /** Of the devcluster that is started. */
  node: NodeDriver;
  /** What Pods run, instead of what fits the cluster. */
  image: string | undefined;
}

export interface Session {
  target: Target;
  /** Resolves when nothing of the run is left, with what is left in spite of all. */
  end(): Promise<string[]>;
}

/** A real cluster pulls, schedules and elects; nobody waits this long where things work. Milliseconds. */
const patience = { devcluster: 20_000, real: 90_000 };

export async function begin({ kubeconfig, node, image: wanted }: SessionOptions): Promise<Session> {
  const own = kubeconfig === undefined ? await startDevclusterProcess(node) : undefined;
  try {
    // The processes of the tests, kubectl among them, find it where everybody looks.
    process.env['KUBECONFIG'] = own?.kubeconfig ?? kubeconfig;
    const connection = await loadConfig();
    const transport = createTransport({ connection, userAgent: 'conformance/1.0' });
    const client = createClient(transport);
    const { gitVersion, minor, devcluster } = await versionOf(client);
    const run = `conf-${randomName(5)}`;
    const image = await imageFor(client, devcluster, wanted);
    const target: Target = {
      server: connection.server,
      version: gitVersion,
      minor,
      devcluster,
      run,
      patience: devcluster ? patience.devcluster : patience.real,
      missing: await survey(client, { run, image, devcluster }),
      image,
    };
    return {
      target,
      end: async () => {
        try {
          return await sweep(client, run, 2 * target.patience);
        } finally {
          transport.close();
          await own?.stop();
        }
      },
    };
  } catch (error) {
    await own?.stop();
    throw error;
  }
}

function randomName(length: number): string {
  const letters = 'bcdfghjklmnpqrstvwxz2456789';
  return Array.from({ length }, () => letters[randomInt(letters.length)]).join('');
}
