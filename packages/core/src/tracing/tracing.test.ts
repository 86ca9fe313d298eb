import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SpanKind } from '@opentelemetry/api';
import { InMemorySpanExporter, type ReadableSpan } from '@opentelemetry/sdk-trace';
import { ConfigMap, connectionTo, createClient, createTransport, Secret } from '@stackwright/kube';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newController } from '../controller/builder.js';
import type { Reconciler } from '../reconciler.js';
import { apiError, FakeClient, settle, testManager } from '../testing/index.js';
import { startTracing, type RunningTracing } from './otlp.js';
import { clientWithin } from './traced-client.js';
import { noSpan, noTracer } from './tracer.js';

const key = { namespace: 'ns', name: 'a' };

describe('tracing', () => {
  let exporter: InMemorySpanExporter;
  let tracing: RunningTracing;
  /** What reached the collector once everything was sent. */
  let sent: ReadableSpan[];

  const start = (noopRatio = 0) => {
    exporter = new InMemorySpanExporter();
    sent = [];
    tracing = startTracing({
      serviceName: 'test',
      noopRatio,
      exporter: {
        export: (spans, done) => {
          sent.push(...spans);
          exporter.export(spans, done);
        },
        shutdown: async () => undefined,
        forceFlush: async () => undefined,
      },
    });
  };
  beforeEach(() => start());
  afterEach(() => tracing.stop());

  /** Reconciles one ConfigMap with tracing on. */
  async function reconcile(reconciler: Reconciler) {
    const test = testManager({ tracer: tracing.tracer });
    await test.client.seed(ConfigMap, { metadata: key });
    let done = false;
    const once: Reconciler = (request, context) => reconciler(request, context).finally(() => (done = true));
    newController(test.manager, 'sample')
      .for(ConfigMap)
      .complete(once, { backoff: { base: 1e6, max: 1e6 } });
    await test.start();
    while (!done) await settle();
    await test.stop();
    await tracing.stop();
    return test;
  }
  const parentOf = (span: ReadableSpan | undefined) =>
    sent.find((one) => one.spanContext().spanId === span?.parentSpanContext?.spanId)?.name;
  const named = (name: string) => sent.find((span) => span.name === name);

  it('makes spans of the reconcile, of what it does and of its calls, which carry the traceparent', async () => {
    let id = '';
    const test = await reconcile(async (_, { span, client, log, reconcileID }) => {
      id = reconcileID;
      await span.span('step database', { step: 'database' }, async (step) => {
        await clientWithin(client, step).create(Secret, { metadata: key });
      });
      await client.apply(Secret, { metadata: key }, { fieldManager: 'x', force: true });
      log.info({}, 'Done');
    });
    expect(named('reconcile sample')?.attributes).toEqual({
      controller: 'sample',
      'k8s.namespace.name': 'ns',
      'k8s.object.name': 'a',
      reconcileID: id,
      result: 'success',
    });
    expect(parentOf(named('step database'))).toBe('reconcile sample');
    expect(parentOf(named('create secrets'))).toBe('step database');
    expect(parentOf(named('apply secrets'))).toBe('reconcile sample');
    expect(named('create secrets')).toMatchObject({
      kind: SpanKind.CLIENT,
      attributes: { 'k8s.verb': 'create', 'k8s.resource': 'secrets', 'k8s.object.name': 'a' },
    });
    expect(sent).toHaveLength(4);
    const { traceId, spanId } = named('create secrets')!.spanContext();
    const call = test.client.calls.find(({ verb }) => verb === 'create');
    expect(call?.options).toMatchObject({ traceparent: `00-${traceId}-${spanId}-01`, fieldManager: 'test-controller' });
    expect(test.log.entries.find(({ message }) => message === 'Done')?.fields).toMatchObject({
      traceID: traceId,
      reconcileID: id,
    });
  });

  it('says what failed, and how the API answered, without credentials', async () => {
    await reconcile(async (_, { client }) => {
      await client.get(Secret, { namespace: 'ns', name: 'none' }).catch(() => undefined);
      throw new Error('cannot connect to mysql://root:hunter2@db');
    });
    const failed = named('reconcile sample');
    expect(failed?.status.message).toBe('cannot connect to mysql://***@db');
    expect(failed?.attributes).toMatchObject({ result: 'error', 'error.type': 'Error' });
    expect(named('get secrets')?.attributes).toMatchObject({
      'http.response.status_code': 404,
      'k8s.reason': 'NotFound',
    });
  });

  it('does not take a conflict for a failure', async () => {
    start(1);
    await reconcile(async () => {
      throw apiError(409, 'Conflict');
    });
    expect(named('reconcile sample')).toMatchObject({ status: { code: 0 }, attributes: { result: 'requeue' } });
  });

  it('sends nothing of reconciles that did nothing, or a share of them', async () => {
    await reconcile(async (_, { client, span }) => {
      await client.create(Secret, { metadata: key }, { dryRun: true });
      await span.span('step', {}, async () => undefined);
    });
    expect(sent).toEqual([]);
    start(0.3);
    for (let n = 0; n < 500; n++)
      await tracing.tracer.span('reconcile', {}, (span) => span.span('step', {}, async () => undefined));
    await tracing.stop();
    const kept = sent.filter(({ name }) => name === 'reconcile').length;
    expect(kept).toBeGreaterThan(75);
    expect(kept).toBeLessThan(250);
    expect(sent).toHaveLength(2 * kept);
  });

  it('links to what led to it elsewhere, and ignores what is no traceparent', async () => {
    const cause = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    await tracing.tracer.span('reconcile', {}, async (span) => span.fail(new Error('kept')), {
      links: [cause, 'nonsense'],
    });
    await tracing.stop();
    expect(sent[0]?.links.map(({ context }) => context.traceId)).toEqual(['a'.repeat(32)]);
  });

  it('reaches a collector and the API server over HTTP', async () => {
    const seen: { url: string | undefined; headers: IncomingHttpHeaders; body: string }[] = [];
    const server = createServer((request, response) => {
      void request.toArray().then((chunks: Buffer[]) => {
        seen.push({ url: request.url, headers: request.headers, body: Buffer.concat(chunks).toString() });
        response.end('{"kind":"Secret","apiVersion":"v1","metadata":{}}');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = address;
    const exporting = startTracing({ serviceName: 'over-http', noopRatio: 0 });
    delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
    const transport = createTransport({ connection: connectionTo({ server: address }) });
    let traceparent: string | undefined;
    await exporting.tracer.span('reconcile', {}, async (span) => {
      await clientWithin(createClient(transport), span).create(Secret, { metadata: key });
      traceparent = span.traceparent;
    });
    await exporting.stop();
    transport.close();
    server.close();
    const [call, collected] = seen;
    expect(call?.headers['traceparent']?.slice(0, 35)).toBe(traceparent?.slice(0, 35));
    expect(collected?.url).toBe('/v1/traces');
    expect(collected?.body).toContain('over-http');
    expect(collected?.body).toContain('create secrets');
  });
});

describe('tracing that is off', () => {
  it('costs no wrapper: the client is the same, spans are one frozen object', async () => {
    const client = new FakeClient();
    expect(clientWithin(client, noSpan)).toBe(client);
    const inner = await noTracer.span('a', {}, (span) => span.span('b', {}, async (deeper) => deeper));
    expect(inner).toBe(noSpan);
    expect(inner.traceparent).toBeUndefined();
    await expect(noTracer.span('a', {}, () => Promise.reject(new Error('as it is')))).rejects.toThrow('as it is');
  });
});
