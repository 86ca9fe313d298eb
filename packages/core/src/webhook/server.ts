// The HTTPS server that the API server calls. The one file that knows fastify; loaded only where there are webhooks.
import type { Client } from '@stackwright/kube';
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import type { Registry } from 'prom-client';
import type { Logger } from '../log.js';
import { CertificateWatcher } from '../manager/certificates.js';
import { observeWebhooks, type WebhookObserver } from '../metrics/webhooks.js';
import type { Reader } from '../reader.js';
import type { Clock } from '../seams/clock.js';
import { breathe, lasting } from '../seams/wait.js';
import type { Tracer } from '../tracing/tracer.js';
import { clientWithin } from '../tracing/traced-client.js';
import { admit, problemOfReview, type AdmissionRequest } from './admission.js';
import { maxAdmission, maxConversion } from './body-limits.js';
import { converting, problemOfConversion, type ConversionRequest } from './conversion.js';
import { conversionPath, pathOfWebhook, type Webhook } from './webhook.js';

/** A webhook with what its handlers get. */
export interface HostedWebhook {
  webhook: Webhook;
  client: Client;
  cache: Reader;
  log: Logger;
}

export interface WebhookServerOptions {
  host: string;
  /** 0: any that is free. */
  port: number;
  /** Holds `tls.crt` and `tls.key`. */
  certDirectory: string;
  webhooks: readonly HostedWebhook[];
  clock: Clock;
  log: Logger;
  metrics: Registry;
  tracer: Tracer;
  /**
   * Milliseconds within which a whole request must have arrived; then it is answered with 408 and its connection is closed. Default
   * 30 000, which is as long as an API server waits for the answer.
   */
  receiveTimeout?: number;
}

export interface RunningWebhookServer {
  /** "https://127.0.0.1:9443" */
  readonly address: string;
  close(): Promise<void>;
}

/** Milliseconds that a conversion goes on without giving way to what else happens in the process. */
const slice = 10;
/** Milliseconds for a handler, when the API server does not say how long it waits. */
const defaultTimeout = 10_000;
const longestTimeout = 30_000;

export async function startWebhookServer(options: WebhookServerOptions): Promise<RunningWebhookServer> {
  const { clock, log, metrics, host, port, receiveTimeout = longestTimeout } = options;
  const certificates = new CertificateWatcher({ directory: options.certDirectory, clock, log, metrics });
  const server = Fastify({
    logger: false,
    forceCloseConnections: true,
    // Node looks at its connections only now and then.
    requestTimeout: receiveTimeout,
    https: {
      ...(await certificates.load()),
      minVersion: 'TLSv1.2',
      headersTimeout: receiveTimeout,
      connectionsCheckingInterval: receiveTimeout / 6,
    },
  });
  for (const { path, bodyLimit, problemOf, answer } of endpointsOf(options)) {
    server.route({
      method: 'POST',
      url: path,
      bodyLimit,
      ...measured(observeWebhooks(metrics).of(path), clock),
      handler: async (request, reply) => {
        const problem = problemOf(request.body);
        if (problem !== undefined) return reply.code(400).send({ message: problem });
        const limit = new AbortController();
        const timer = clock.schedule(timeoutOf(request), () => limit.abort(new Error('The webhook took too long')));
        try {
          return await answer(request.body, { signal: limit.signal, traceparent: request.headers['traceparent'] });
        } finally {
          timer.cancel();
        }
      },
    });
  }
  const address = await server.listen({ host, port });
  const stop = lasting();
  // Connections that are open go on with the old certificate; the next handshake shows the new one.
  const watching = certificates.watch(
    (certificate) => server.server.setSecureContext({ ...certificate, minVersion: 'TLSv1.2' }),
    stop.signal,
  );
  log.info({ address, webhooks: options.webhooks.map(({ webhook }) => webhook.resource.kind) }, 'Webhooks are served');
  return {
    address,
    close: async () => {
      stop.abort();
      await Promise.all([server.close(), watching]);
    },
  };
}

interface Endpoint {
  path: string;
  /** Bytes; a larger body is refused with 413. */
  bodyLimit: number;
  /** Why a body cannot be answered, or undefined. */
  problemOf: (body: unknown) => string | undefined;
  answer: (body: unknown, call: Call) => Promise<object>;
}

interface Call {
  /** Aborted when the API server does not wait any longer. */
  signal: AbortSignal;
  traceparent: string | string[] | undefined;
}

function endpointsOf(options: WebhookServerOptions): Endpoint[] {
  const { webhooks, log, metrics, clock } = options;
  const endpoints = webhooks.flatMap((hosted) => [
    ...(hosted.webhook.defaulter ? [admissionEndpoint(hosted, 'mutate', options)] : []),
    ...(hosted.webhook.validator ? [admissionEndpoint(hosted, 'validate', options)] : []),
  ]);
  const convertible = webhooks.map(({ webhook }) => webhook).filter(({ conversions }) => conversions.length > 0);
  if (convertible.length === 0) return endpoints;
  const { panicked } = observeWebhooks(metrics);
  endpoints.push({
    path: conversionPath,
    bodyLimit: maxConversion(process.constrainedMemory()),
    problemOf: problemOfConversion,
    answer: async (body, { signal }) => {
      const { request } = body as { request: ConversionRequest };
      const steps = converting(convertible, request, { log, panicked: () => panicked('conversion') });
      return {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'ConversionReview',
        response: await inSlices(steps, clock, signal),
      };
    },
  });
  return endpoints;
}

function admissionEndpoint(
  { webhook, client, cache, log }: HostedWebhook,
  part: 'validate' | 'mutate',
  { metrics, tracer }: WebhookServerOptions,
): Endpoint {
  const path = pathOfWebhook(part, webhook.resource);
  const { panicked } = observeWebhooks(metrics);
  const respond = (request: AdmissionRequest, { signal, traceparent }: Call) => {
    const { uid, namespace, name, operation } = request;
    return tracer.span(
      `webhook ${path}`,
      { operation, 'k8s.namespace.name': namespace, 'k8s.object.name': name },
      async (span) => {
        const response = await admit(webhook, part, request, {
          client: clientWithin(client, span),
          cache,
          log: log.child({ webhook: webhook.resource.kind, uid, namespace, name }),
          span,
          signal,
          panicked: () => panicked('admission'),
        });
        span.set({ allowed: response.allowed });
        return response;
      },
      { kind: 'server', links: typeof traceparent === 'string' ? [traceparent] : [] },
    );
  };
  return {
    path,
    bodyLimit: maxAdmission,
    problemOf: (body) => problemOfReview(body, webhook),
    answer: async (body, call) => ({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: await respond((body as { request: AdmissionRequest }).request, call),
    }),
  };
}

/** Carries all steps out, with pauses in which the event loop turns. */
async function inSlices<Result>(steps: Iterator<unknown, Result>, clock: Clock, signal: AbortSignal): Promise<Result> {
  let began = clock.monotonic();
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    if (clock.monotonic() - began < slice) continue;
    await breathe();
    signal.throwIfAborted();
    began = clock.monotonic();
  }
}

/** Hooks that count each request once, also when the caller hangs up, where there is no response. */
function measured(observer: ReturnType<WebhookObserver['of']>, clock: Clock) {
  const began = new WeakMap<FastifyRequest, number>();
  const end = (request: FastifyRequest, code: number): void => {
    const at = began.get(request);
    if (at === undefined) return;
    began.delete(request);
    observer.ended(code, (clock.monotonic() - at) / 1000);
  };
  return {
    onRequest: async (request: FastifyRequest) => {
      began.set(request, clock.monotonic());
      observer.begun();
    },
    onResponse: async (request: FastifyRequest, reply: FastifyReply) => end(request, reply.statusCode),
    onRequestAbort: async (request: FastifyRequest) => end(request, 499),
  };
}

/** The API server says how long it waits: "?timeout=10s". */
function timeoutOf({ query }: FastifyRequest): number {
  const seconds = /^(\d+)s$/.exec((query as Record<string, string | undefined>)['timeout'] ?? '')?.[1];
  return seconds === undefined ? defaultTimeout : Math.min(Number(seconds) * 1000, longestTimeout);
}
