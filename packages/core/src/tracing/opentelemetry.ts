// Spans by OpenTelemetry. Needs no more than its API: which SDK makes them, and where they go, is the process's choice.
import {
  isSpanContextValid,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Span as OtelSpan,
  type Tracer as OtelTracer,
} from '@opentelemetry/api';
import { scrub } from '../scrub/scrub.js';
import type { Span, SpanAttributes, SpanOptions, Tracer } from './tracer.js';

export function openTelemetryTracer(tracer: OtelTracer): Tracer {
  return {
    span: (name, attributes, fn, options) => inSpan(tracer, ROOT_CONTEXT, name, attributes, fn, options),
  };
}

const kinds = { internal: SpanKind.INTERNAL, client: SpanKind.CLIENT, server: SpanKind.SERVER } as const;

async function inSpan<T>(
  tracer: OtelTracer,
  parent: Context,
  name: string,
  attributes: SpanAttributes,
  fn: (span: Span) => Promise<T>,
  { kind = 'internal', links = [] }: SpanOptions = {},
): Promise<T> {
  const otel = tracer.startSpan(
    name,
    { kind: kinds[kind], attributes: defined(attributes), links: links.flatMap(linkTo) },
    parent,
  );
  const span = new ActiveSpan(tracer, otel, trace.setSpan(parent, otel));
  try {
    return await fn(span);
  } catch (error) {
    span.fail(error);
    throw error;
  } finally {
    otel.end();
  }
}

class ActiveSpan implements Span {
  readonly #tracer: OtelTracer;
  readonly #span: OtelSpan;
  readonly #context: Context;

  constructor(tracer: OtelTracer, span: OtelSpan, context: Context) {
    this.#tracer = tracer;
    this.#span = span;
    this.#context = context;
  }

  get recording(): boolean {
    return this.#span.isRecording();
  }

  get traceID(): string {
    return this.#span.spanContext().traceId;
  }

  get traceparent(): string {
    const { traceId, spanId, traceFlags } = this.#span.spanContext();
    return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
  }

  span<T>(name: string, attributes: SpanAttributes, fn: (span: Span) => Promise<T>, options?: SpanOptions): Promise<T> {
    return inSpan(this.#tracer, this.#context, name, attributes, fn, options);
  }

  set(attributes: SpanAttributes): void {
    this.#span.setAttributes(defined(attributes));
  }

  fail(error: unknown): void {
    const message = scrub(error instanceof Error ? error.message : String(error));
    this.#span.setStatus({ code: SpanStatusCode.ERROR, message });
    this.#span.setAttribute('error.type', error instanceof Error ? error.name : typeof error);
  }
}

function defined(attributes: SpanAttributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}

function linkTo(traceparent: string) {
  const [, traceId = '', spanId = '', flags = ''] =
    /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceparent) ?? [];
  const context = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
  return isSpanContextValid(context) ? [{ context }] : [];
}
