// The HTTPS server that the API server calls. The one file that knows fastify; loaded only where there are webhooks.
import type { Client } from '@stackwright/kube';
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import type { Registry } from 'prom-client';
import type { Logger } from '../log.js';
import { CertificateWatcher } from '../manager/certificates.js';
import { observeWebhooks } from '../metrics/webhooks.js';
import type { Reader } from '../reader.js';
import type { Clock } from '../seams/clock.js';
import { lasting } from '../seams/wait.js';
import type { Tracer } from '../tracing/tracer.js';
import { clientWithin } from '../tracing/traced-client.js';
import { admit, problemOfReview, type AdmissionRequest, type AdmissionResponse } from './admission.js';
import { convert, problemOfConversion, type ConversionRequest } from './conversion.js';
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
}

export interface RunningWebhookServer {
  /** "https://127.0.0.1:9443" */
  readonly address: string;
  close(): Promise<void>;
}

/** Two objects of the largest size that an API server takes, and what is around them. */
const maxBody = 7 * 1024 * 1024;
/** Milliseconds for a handler, when the API server does not say how long it waits. */
const defaultTimeout = 10_000;
const longestTimeout = 30_000;

export async function startWebhookServer(options: WebhookServerOptions): Promise<RunningWebhookServer> {
  const { clock, log, metrics, tracer } = options;
  const certificates = new CertificateWatcher({ directory: options.certDirectory, clock, log, metrics });
  const server = Fastify({
    logger: false,
    bodyLimit: maxBody,
    forceCloseConnections: true,
    https: { ...(await certificates.load()), minVersion: 'TLSv1.2' },
  });
  const observer = observeWebhooks(metrics);
  const stop = lasting();

  /** One route, measured, with its time limit. */
  const route = <Review>(
    path: string,
    problemOf: (body: unknown) => string | undefined,
    answer: (review: Review, signal: AbortSignal) => Promise<object>,
  ) => {
    const measured = observer.of(path);
    const began = new WeakMap<FastifyRequest, number>();
    server.route({
      method: 'POST',
      url: path,
      onRequest: async (request) => {
        began.set(request, clock.monotonic());
        measured.begun();
      },
      // Also when the caller hung up, where there is no response.
      onResponse: async (request, reply) => end(request, reply.statusCode),
      onRequestAbort: async (request) => end(request, 499),
      handler: async (request: FastifyRequest, reply: FastifyReply) => {
        const problem = problemOf(request.body);
        if (problem !== undefined) return reply.code(400).send({ message: problem });
        const limit = new AbortController();
        const timer = clock.schedule(timeoutOf(request), () => limit.abort(new Error('The webhook took too long')));
        try {
          return await answer(request.body as Review, limit.signal);
        } finally {
          timer.cancel();
        }
      },
    });
    const end = (request: FastifyRequest, code: number) => {
      const at = began.get(request);
      if (at === undefined) return;
      began.delete(request);
      measured.ended(code, (clock.monotonic() - at) / 1000);
    };
  };

  const admission = (hosted: HostedWebhook, part: 'validate' | 'mutate') => {
    const { webhook } = hosted;
    const path = pathOfWebhook(part, webhook.resource);
    route<{ request: AdmissionRequest }>(
      path,
      (body) => problemOfReview(body, webhook),
      async ({ request }, signal) => ({
        apiVersion: 'admission.k8s.io/v1',
        kind: 'AdmissionReview',
        response: await answerTo(request, hosted, part, signal),
      }),
    );
  };

  const answerTo = (
    request: AdmissionRequest,
    hosted: HostedWebhook,
    part: 'validate' | 'mutate',
    signal: AbortSignal,
  ) =>
    tracer.span(
      `webhook ${pathOfWebhook(part, hosted.webhook.resource)}`,
      { operation: request.operation, 'k8s.namespace.name': request.namespace, 'k8s.object.name': request.name },
      async (span): Promise<AdmissionResponse> => {
        const { uid, namespace, name } = request;
        const response = await admit(hosted.webhook, part, request, {
          client: clientWithin(hosted.client, span),
          cache: hosted.cache,
          log: hosted.log.child({ webhook: hosted.webhook.resource.kind, uid, namespace, name }),
          span,
          signal,
          panicked: () => observer.panicked('admission'),
        });
        span.set({ allowed: response.allowed });
        return response;
      },
      { kind: 'server' },
    );

  for (const hosted of options.webhooks) {
    if (hosted.webhook.defaulter) admission(hosted, 'mutate');
    if (hosted.webhook.validator) admission(hosted, 'validate');
  }
  const convertible = options.webhooks
    .map(({ webhook }) => webhook)
    .filter(({ conversions }) => conversions.length > 0);
  if (convertible.length > 0) {
    route<{ request: ConversionRequest }>(conversionPath, problemOfConversion, async ({ request }) => ({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'ConversionReview',
      response: convert(convertible, request, { log, panicked: () => observer.panicked('conversion') }),
    }));
  }

  const address = await server.listen({ host: options.host, port: options.port });
  // Connections that are open go on with the old certificate; the next handshake shows the new one.
  const renew = (certificate: { cert: string; key: string }) =>
    server.server.setSecureContext({ ...certificate, minVersion: 'TLSv1.2' });
  const watching = certificates.watch(renew, stop.signal);
  log.info({ address, webhooks: options.webhooks.map(({ webhook }) => webhook.resource.kind) }, 'Webhooks are served');
  return {
    address,
    close: async () => {
      stop.abort();
      await Promise.all([server.close(), watching]);
    },
  };
}

/** The API server says how long it waits: "?timeout=10s". */
function timeoutOf({ query }: FastifyRequest): number {
  const seconds = /^(\d+)s$/.exec((query as Record<string, string | undefined>)['timeout'] ?? '')?.[1];
  return seconds === undefined ? defaultTimeout : Math.min(Number(seconds) * 1000, longestTimeout);
}
