// One run of one variant at one size: a server and a namespace of its own, the workloads one after the other.
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toYaml } from '@stackwright/kube';
import { Bench } from './bench.js';
import type { Programs } from './build.js';
import { cleanUp, prepare } from './cluster.js';
import { Load } from './load.js';
import type { Options, Variant, Workload } from './options.js';
import { ControllerProcess } from './process/controller.js';
import { startServer, type BenchServer } from './server/server.js';
import { churn } from './workloads/churn.js';
import { create } from './workloads/create.js';
import { idle } from './workloads/idle.js';
import { restart } from './workloads/restart.js';
import { steady } from './workloads/steady.js';

export interface SessionInit {
  variant: Variant;
  objects: number;
  options: Pick<Options, 'workloads' | 'quick' | 'latency' | 'kubeconfig'>;
  programs: Programs;
  /** Node's own arguments for the controller. */
  nodeArguments?: readonly string[];
}

/** What was measured, by the key of the figure. */
export function runSession(init: SessionInit): Promise<Record<string, number>> {
  return withBench(init, async (bench) => {
    await runWorkloads(bench, init);
    return bench.values;
  });
}

/** Rejects with the end of the controller's log in its message. */
export async function withBench<T>(init: SessionInit, work: (bench: Bench) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'stackwright-bench-'));
  const log = join(directory, 'controller.log');
  const ends: (() => Promise<void>)[] = [() => rm(directory, { recursive: true, force: true })];
  const end = async (): Promise<void> => {
    for (const one of ends.splice(0).reverse()) await one();
  };
  const interrupted = (): void => {
    process.stderr.write('bench: interrupted, cleaning up\n');
    void end().finally(() => process.exit(130));
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupted);
  try {
    return await work(await open(init, directory, log, ends));
  } catch (error) {
    const tail = (await readFile(log, 'utf8').catch(() => '')).split('\n').slice(-8).join('\n');
    throw new Error(`${init.variant}, ${init.objects} objects: ${(error as Error).message}\n${tail}`, { cause: error });
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, interrupted);
    await end();
  }
}

async function open(
  { variant, objects, options, programs, nodeArguments = [] }: SessionInit,
  directory: string,
  logFile: string,
  ends: (() => Promise<void>)[],
): Promise<Bench> {
  const { kubeconfig, latency } = options;
  const server = await (kubeconfig === undefined
    ? startServer(programs.server, { BENCH_LATENCY: String(latency) })
    : startServer(programs.proxy, { KUBECONFIG: kubeconfig }));
  ends.push(() => server.stop());
  const namespace = `stackwright-bench-${randomBytes(3).toString('hex')}`;
  await prepare(server.client, namespace);
  // The embedded server is gone with its process.
  if (kubeconfig !== undefined) ends.push(() => cleanUp(server.client, namespace));
  const load = new Load(server.client, namespace);
  ends.push(async () => load.stop());
  await load.start();
  const environment = await environmentFor(server, namespace, directory);
  const bench = new Bench({
    variant,
    objects,
    quick: options.quick,
    server,
    load,
    startController: (more) =>
      ControllerProcess.start({
        program: programs.variants[variant],
        environment: { ...environment, ...more },
        nodeArguments,
        logFile,
      }),
  });
  ends.push(() => bench.stopController());
  return bench;
}

/** As in production: leader election, logs at their default. */
async function environmentFor(
  { address: { url, ca, token } }: BenchServer,
  namespace: string,
  directory: string,
): Promise<Record<string, string>> {
  const kubeconfig = join(directory, 'kubeconfig');
  const name = 'bench';
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: url, 'certificate-authority-data': Buffer.from(ca).toString('base64') } }],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace } }],
    'current-context': name,
  };
  await writeFile(kubeconfig, toYaml(config), { mode: 0o600 });
  // For the variant that reads no kubeconfig.
  const plain = join(directory, 'server.json');
  await writeFile(plain, JSON.stringify({ url, ca, token }), { mode: 0o600 });
  return {
    KUBECONFIG: kubeconfig,
    BENCH_SERVER: plain,
    WATCH_NAMESPACE: namespace,
    POD_NAMESPACE: namespace,
    LEADER_ELECTION: 'true',
    LOG_LEVEL: 'info',
  };
}

/** Each needs what those before it made; what was not asked for is only not shown. */
async function runWorkloads(bench: Bench, { variant, options, programs }: SessionInit): Promise<void> {
  const wanted = (...some: Workload[]): boolean => some.some((one) => options.workloads.includes(one));
  await idle(bench, programs.variants[variant]);
  if (wanted('create', 'steady', 'churn', 'restart')) await create(bench);
  if (wanted('steady')) await steady(bench);
  if (wanted('churn')) await churn(bench);
  if (wanted('restart')) await restart(bench);
}
