// The plain level of the library, as controller-runtime has it.
import type { Client, ObjectKey } from '@stackwright/kube';
import type { Logger } from './log.js';
import type { Span } from './tracing/tracer.js';

/** What to reconcile: a name, never an event (level-triggered). */
export type Request = ObjectKey;

export interface Result {
  /**
   * Milliseconds until the request is reconciled again without an event; less than 100, zero and what is past included,
   * counts as 100. Resets the back-off. Default: never. NaN is an error.
   */
  requeueAfter?: number;
  /** Of that run; higher first. Default: that of this one. NaN is an error. */
  priority?: number;
}

export interface ReconcileContext {
  /**
   * Write with this client: the next reconcile of the request waits until the cache shows what was written through it.
   * Its calls are aborted with `signal`.
   */
  client: Client;
  /** Aborted on time-out, ten seconds after the manager was told to stop, and at once when the lease is lost. */
  signal: AbortSignal;
  /** Carries controller, namespace, name, reconcileID and, when tracing is on, traceID. */
  log: Logger;
  reconcileID: string;
  /** Of this reconcile. Spans within it are made with `span.span(…)`; calls of `client` are, by themselves. */
  span: Span;
}

/** Rejecting requeues with back-off; rejecting with a `TerminalError` does not requeue. */
export type Reconciler = (request: Request, context: ReconcileContext) => Promise<Result | void>;

/** Trying again cannot help until something changes: counted and logged, not retried. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
}
