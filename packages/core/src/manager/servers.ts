// What a process serves: health and metrics over HTTP, metrics over TLS, webhooks.
import { qualifiedName, type Client, type Resource } from '@stackwright/kube';
import type { Registry } from 'prom-client';
import type { Logger } from '../log.js';
import type { Clock } from '../seams/clock.js';
import type { Tracer } from '../tracing/tracer.js';
import type { HostedWebhook, RunningWebhookServer } from '../webhook/server.js';
import { CertificateWatcher } from './certificates.js';
import { exposition, health, startHttpServer, type RunningHttpServer } from './http-server.js';
import { MetricsAuth } from './metrics-auth.js';

export interface ServerOptions {
  /** Serves /healthz, /readyz and, without `metricsServer`, /metrics. Default: none. */
  http?: { host: string; port: number } | undefined;
  /** Serves /metrics with TLS (`certDirectory` holds tls.crt and tls.key), and with `auth` only to whom the API allows it. */
  metricsServer?: { host: string; port: number; certDirectory: string; auth: boolean } | undefined;
  /** Serves the webhooks; false: declared ones are not served, for tests. Needed when there are any. */
  webhooks?: { host: string; port: number; certDirectory: string } | false | undefined;
}

interface ServerEnvironment {
  client: Client;
  clock: Clock;
  log: Logger;
  metrics: Registry;
  tracer: Tracer;
  /** Why the process is about to end, if it is. */
  failure: () => Error | undefined;
}

export class Servers {
  readonly #options: ServerOptions;
  readonly #environment: ServerEnvironment;
  readonly #readyChecks = new Map<string, () => string | undefined>();
  readonly #hosted: HostedWebhook[] = [];
  #started = false;
  #server: RunningHttpServer | undefined;
  #metricsServer: RunningHttpServer | undefined;
  #webhookServer: RunningWebhookServer | undefined;

  constructor(options: ServerOptions, environment: ServerEnvironment) {
    this.#options = options;
    this.#environment = environment;
  }

  get address(): string | undefined {
    return this.#server?.address;
  }

  get metricsAddress(): string | undefined {
    return this.#metricsServer?.address;
  }

  get webhookAddress(): string | undefined {
    return this.#webhookServer?.address;
  }

  addReadyCheck(name: string, check: () => string | undefined): void {
    this.#readyChecks.set(name, check);
  }

  addWebhook(hosted: HostedWebhook): void {
    const { resource } = hosted.webhook;
    if (this.#started) throw new Error(`${resource.kind}: webhooks are added before the manager runs`);
    if (this.#hosted.some((one) => isSameKind(one.webhook.resource, resource)))
      throw new Error(`There is a webhook of ${qualifiedName(resource)} already`);
    this.#hosted.push(hosted);
  }

  async start(): Promise<void> {
    this.#started = true;
    await this.#startHttp();
    await this.#startMetrics();
    await this.#startWebhooks();
  }

  async close(): Promise<void> {
    await this.#webhookServer?.close();
    await this.#metricsServer?.close();
    await this.#server?.close();
  }

  async #startHttp(): Promise<void> {
    const { http, metricsServer } = this.#options;
    const { log, metrics, failure } = this.#environment;
    if (!http) return;
    const routes = new Map([
      // That it answers shows that the event loop turns.
      ['/healthz', health(() => new Map([['fatal', failure()?.message]]))],
      ['/readyz', health(() => new Map([...this.#readyChecks].map(([name, check]) => [name, check()])))],
    ]);
    if (!metricsServer) routes.set('/metrics', exposition(metrics));
    this.#server = await startHttpServer({ ...http, routes });
    log.info({ address: this.#server.address }, `${metricsServer ? 'Health is' : 'Metrics and health are'} served`);
  }

  async #startMetrics(): Promise<void> {
    const { metricsServer } = this.#options;
    const { client, clock, log, metrics } = this.#environment;
    if (!metricsServer) return;
    const { certDirectory, auth } = metricsServer;
    const serve = exposition(metrics);
    const route = auth ? new MetricsAuth({ client, clock, log }).guard('/metrics', serve) : serve;
    this.#metricsServer = await startHttpServer({
      ...metricsServer,
      routes: new Map([['/metrics', route]]),
      certificates: new CertificateWatcher({ directory: certDirectory, clock, log, metrics }),
    });
    log.info({ address: this.#metricsServer.address, auth }, 'Metrics are served with TLS');
  }

  async #startWebhooks(): Promise<void> {
    const { webhooks } = this.#options;
    if (this.#hosted.length === 0 || webhooks === false) return;
    if (!webhooks) throw new Error('There are webhooks, but the manager was not told where to serve them');
    this.#readyChecks.set('webhooks', () => (this.#webhookServer ? undefined : 'not listening'));
    const { clock, log, metrics, tracer } = this.#environment;
    // Most processes have none: what serves them is not even loaded there.
    const { startWebhookServer } = await import('../webhook/server.js');
    this.#webhookServer = await startWebhookServer({
      ...webhooks,
      webhooks: this.#hosted,
      clock,
      log,
      metrics,
      tracer,
    });
  }
}

/** Versions of a kind have one webhook: handlers work with one version, the others are converted. */
function isSameKind(a: Resource, b: Resource): boolean {
  return a.group === b.group && a.kind === b.kind;
}
