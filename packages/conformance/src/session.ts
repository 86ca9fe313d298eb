// Before and after all tests: finds the cluster, or starts one, and takes away what the run has left there.
import { randomInt } from 'node:crypto';
import type { TestProject } from 'vitest/node';
import { createClient, createTransport, loadConfig } from '@stackwright/kube';
import { startDevclusterProcess, type NodeDriver } from './cluster/devcluster.js';
import { imageFor, survey, versionOf } from './cluster/survey.js';
import { sweep } from './cluster/sweep.js';
import type { Target } from './target.js';

/** Options of the command line, in the environment: this runs inside of vitest. */
export interface SetupEnvironment {
  KUBECONFIG?: string;
  CONFORMANCE_NODE?: NodeDriver;
  CONFORMANCE_IMAGE?: string;
}

/** A real cluster pulls, schedules and elects; nobody waits this long where things work. Milliseconds. */
const patience = { devcluster: 20_000, real: 90_000 };

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { KUBECONFIG, CONFORMANCE_NODE, CONFORMANCE_IMAGE } = process.env as SetupEnvironment;
  const own = KUBECONFIG ? undefined : await startDevclusterProcess(CONFORMANCE_NODE ?? 'simulated');
  try {
    const kubeconfig = own?.kubeconfig ?? KUBECONFIG ?? '';
    process.env['KUBECONFIG'] = kubeconfig;
    const connection = await loadConfig();
    const transport = createTransport({ connection, userAgent: 'conformance/1.0' });
    const client = createClient(transport);
    const { gitVersion, minor, devcluster } = await versionOf(client);
    const run = `conf-${randomName(5)}`;
    const image = await imageFor(client, devcluster, CONFORMANCE_IMAGE);
    const target: Target = {
      kubeconfig,
      server: connection.server,
      version: gitVersion,
      minor,
      devcluster,
      run,
      patience: devcluster ? patience.devcluster : patience.real,
      missing: await survey(client, { run, image, devcluster }),
      image,
    };
    project.provide('target', target);
    return async () => {
      try {
        const left = await sweep(client, run, 2 * target.patience);
        if (left.length > 0) process.stderr.write(`\nstill there, in spite of all: ${left.join(', ')}\n`);
      } finally {
        transport.close();
        await own?.stop();
      }
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
