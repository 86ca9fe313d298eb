// Sends spans to $OTEL_EXPORTER_OTLP_ENDPOINT, with OpenTelemetry's SDK. Loaded only where tracing is on.
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider, type SpanExporter } from '@opentelemetry/sdk-trace';
import { KeepWhatMatters } from './keep.js';
import { openTelemetryTracer } from './opentelemetry.js';
import type { Tracer } from './tracer.js';

export interface TracingOptions {
  /** `service.name`, unless OTEL_SERVICE_NAME says another. */
  serviceName: string;
  /** Which share of reconciles that wrote nothing and did not fail is kept, 0 to 1. */
  noopRatio: number;
  /** Default: OTLP over HTTP, set up by the OTEL_EXPORTER_OTLP_* variables. */
  exporter?: SpanExporter;
}

export interface RunningTracing {
  tracer: Tracer;
  /** Sends what waits. Never rejects: spans are not worth a failed exit. */
  stop(): Promise<void>;
}

export function startTracing({ serviceName, noopRatio, exporter }: TracingOptions): RunningTracing {
  const batches = new BatchSpanProcessor({ exporter: exporter ?? new OTLPTraceExporter() });
  const provider = new TracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': serviceName }))
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new KeepWhatMatters(batches, noopRatio)],
  });
  return {
    tracer: openTelemetryTracer(provider.getTracer('@stackwright/core')),
    stop: () => provider.shutdown().catch(() => undefined),
  };
}
