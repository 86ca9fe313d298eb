// Most reconciles find that nothing is to be done, and nobody wants to read of them. Whether one mattered is known when it
// has ended: until then its spans wait here.
import { SpanKind, SpanStatusCode, type Context } from '@opentelemetry/api';
import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace';

const writes = new Set<unknown>(['create', 'update', 'patch', 'apply', 'delete']);
/** Spans of one trace that wait: what a run makes beyond them is lost. */
const maxSpans = 1000;
/** Traces that wait: as many as there may be workers. */
const maxTraces = 1000;

/** Keeps all spans of a trace that failed, wrote, or came from outside, and those of a share of the others. */
export class KeepWhatMatters implements SpanProcessor {
  readonly #next: SpanProcessor;
  readonly #ratio: number;
  readonly #waiting = new Map<string, ReadableSpan[]>();

  constructor(next: SpanProcessor, ratio: number) {
    this.#next = next;
    this.#ratio = ratio;
  }

  /** Traces that have not ended. */
  get size(): number {
    return this.#waiting.size;
  }

  onStart(span: Span, parent: Context): void {
    const { traceId } = span.spanContext();
    if (isRoot(span) && this.#waiting.size < maxTraces) this.#waiting.set(traceId, []);
    this.#next.onStart(span, parent);
  }

  onEnd(span: ReadableSpan): void {
    const { traceId } = span.spanContext();
    const spans = this.#waiting.get(traceId);
    if (spans && spans.length < maxSpans) spans.push(span);
    if (!isRoot(span)) return;
    this.#waiting.delete(traceId);
    if (!spans?.some(matters) && !this.#sampled(traceId)) return;
    for (const one of spans ?? [span]) this.#next.onEnd(one);
  }

  forceFlush(): Promise<void> {
    return this.#next.forceFlush();
  }

  shutdown(): Promise<void> {
    this.#waiting.clear();
    return this.#next.shutdown();
  }

  /** By the trace's id, which is random. */
  #sampled(traceId: string): boolean {
    return Number.parseInt(traceId.slice(-8), 16) < this.#ratio * 2 ** 32;
  }
}

const isRoot = ({ parentSpanContext }: Pick<ReadableSpan, 'parentSpanContext'>): boolean =>
  parentSpanContext === undefined || parentSpanContext.isRemote === true;

function matters({ status, attributes, kind }: ReadableSpan): boolean {
  if (status.code === SpanStatusCode.ERROR || kind === SpanKind.SERVER) return true;
  return writes.has(attributes['k8s.verb']) && attributes['k8s.dry_run'] !== true;
}
