// Spans that are really sent, or made by an SDK that the process has: what needs OpenTelemetry's packages, an entry of its own.
export { openTelemetryTracer } from './opentelemetry.js';
export * from './otlp.js';
