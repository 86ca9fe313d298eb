// The main program of a controller process. Every `main.ts` is `await runModule(module)`.
import { hostname } from 'node:os';
import { loadConfig } from '@stackwright/kube';
import { Registry } from 'prom-client';
import { createLogger } from '../log/pino.js';
import type { Logger } from '../log.js';
import { setMetricPrefix } from '../metrics/metric.js';
import { LoopLag, observeProcess } from '../metrics/process.js';
import type { ControllerModule } from '../module.js';
import { systemClock } from '../seams/system-clock.js';
import { systemRandom } from '../seams/system-random.js';
import { createClients } from './clients.js';
import { createManager } from './create-manager.js';
import { readEnvironment, type Environment } from './environment.js';
import { lasting, settlesWithin } from '../seams/wait.js';
import type { RunningTracing } from '../tracing/otlp.js';
import { keepHeapSmall } from './memory.js';
import type { LeaseTimings } from './leader-election.js';
import type { Naming } from './naming.js';

export interface ProcessOptions extends Naming {
  /** Follows in the user agent: `<name>-controller/<version> <product>`. Default: nothing. */
  product?: string;
  /** Default "unknown". */
  version?: string;
  /** When the environment wants leader election. `name`: of the Lease, default `<name>-controller`. */
  leaderElection?: LeaseTimings & { name?: string };
}

export function runModule(module: ControllerModule, options?: ProcessOptions): Promise<never> {
  return runModules([module], module.name, options);
}

/** Several modules in one process, under one Lease: `name` is the process's. Never returns: it ends the process. */
export async function runModules(
  modules: readonly ControllerModule[],
  name: string,
  options: ProcessOptions = {},
): Promise<never> {
  keepHeapSmall();
  let log = createLogger({ fields: { module: name } });
  let code = 0;
  try {
    const environment = readEnvironment(process.env);
    log = createLogger({ level: environment.logLevel, fields: { module: name } });
    await serve(modules, name, options, environment, log, stopSignal(log));
    log.info({}, 'Stopped');
  } catch (error) {
    log.error({ err: error }, 'Stopped by an error');
    code = 1;
  }
  // Whatever still hangs must not keep a process alive that has given its lease away.
  process.exit(code);
}

async function serve(
  modules: readonly ControllerModule[],
  name: string,
  { product, version = 'unknown', leaderElection, ...naming }: ProcessOptions,
  environment: Environment,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const connection = await loadConfig();
  const metrics = new Registry();
  if (naming.metricPrefix !== undefined) setMetricPrefix(metrics, naming.metricPrefix);
  observeProcess(metrics);
  const agent = `${name}-controller/${version}`;
  const clients = createClients(connection, product === undefined ? agent : `${agent} ${product}`, metrics);
  const tracing = await tracingOf(environment, `${name}-controller`);
  const namespace = environment.podNamespace ?? connection.namespace;
  const namespaces = environment.namespaces ?? [namespace];
  const manager = createManager({
    ...naming,
    name,
    client: clients.client,
    log,
    metrics,
    namespaces,
    http: environment.http,
    metricsServer: environment.metricsServer,
    webhooks: environment.webhooks,
    leaderElection: environment.leaderElection
      ? { ...leaderElection, namespace, identity: `${hostname()}_${systemRandom.uuid()}`, client: clients.lease }
      : undefined,
    ...(tracing && { tracer: tracing.tracer }),
  });
  manager.add(new LoopLag(metrics, systemClock, log));
  for (const module of modules) {
    const own = manager.as(module.name, module.domain);
    for (const webhook of module.webhooks ?? []) own.addWebhook(webhook);
    module.setup(own);
  }
  log.info({ server: connection.server, namespaces, leaderElection: environment.leaderElection }, 'Starting');
  try {
    await manager.run(signal);
  } finally {
    clients.close();
    // A collector that does not answer must not hold up the end.
    if (tracing) await settlesWithin(systemClock, 2_000, tracing.stop());
  }
}

async function tracingOf({ tracing }: Environment, serviceName: string): Promise<RunningTracing | undefined> {
  if (!tracing) return undefined;
  const { startTracing } = await import('../tracing/otlp.js');
  return startTracing({ serviceName, noopRatio: tracing.noopRatio });
}

/** Aborted by SIGTERM or SIGINT; the second one ends the process at once. */
function stopSignal(log: Logger): AbortSignal {
  const stop = lasting();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(130);
      log.info({ signal: name }, 'Told to stop');
      stop.abort(new Error(`Received ${name}`));
    });
  }
  const fatal = (error: unknown) => {
    log.error({ err: error }, 'Crashed');
    process.exit(1);
  };
  process.on('uncaughtException', fatal);
  process.on('unhandledRejection', fatal);
  return stop.signal;
}
