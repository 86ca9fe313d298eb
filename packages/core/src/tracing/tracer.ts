// Tracing, as everything in a controller sees it. Off by default, and then nearly free: no library is loaded, no context
// is kept for asynchronous calls. A span is handed on explicitly, to whoever makes spans within it.

/** Undefined values are left out. Closed sets or names of objects; never secrets, never whole objects. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean | undefined>>;

export interface SpanOptions {
  /** What it is of: work in this process, a call to another, a call that came from another. Default "internal". */
  kind?: 'internal' | 'client' | 'server';
  /** W3C `traceparent` of spans that led to this one without waiting for it, and that are not its parent. */
  links?: readonly string[];
}

export interface Tracer {
  /**
   * Runs `fn` in a new span, which ends when its promise settles. When it rejects, the span has failed with that error
   * (its message without credentials), and so does this call. `name` is of a closed set ("reconcile widget"): what
   * differs from object to object belongs in `attributes`.
   */
  span<T>(name: string, attributes: SpanAttributes, fn: (span: Span) => Promise<T>, options?: SpanOptions): Promise<T>;
}

/** A span makes the spans within it. */
export interface Span extends Tracer {
  /** False: nobody will see it, so that attributes which cost something need not be made. */
  readonly recording: boolean;
  /** 32 hexadecimal digits, for logs. Undefined when tracing is off. */
  readonly traceID: string | undefined;
  /** W3C `traceparent`, for calls to others. Undefined when tracing is off. */
  readonly traceparent: string | undefined;
  /** Adds to the attributes that the span began with. */
  set(attributes: SpanAttributes): void;
  /** The span has failed though its function will not reject: a step that reports its failure, for instance. */
  fail(error: unknown): void;
}

/** Tracing that is off; also the span to give where a test needs one. */
export const noSpan: Span = Object.freeze({
  recording: false,
  traceID: undefined,
  traceparent: undefined,
  span: <T>(_name: string, _attributes: SpanAttributes, fn: (span: Span) => Promise<T>) => fn(noSpan),
  set: () => undefined,
  fail: () => undefined,
});

export const noTracer: Tracer = noSpan;
