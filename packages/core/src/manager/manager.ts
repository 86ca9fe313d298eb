// What a controller module gets from the process that hosts it.
import type { Client } from '@stackwright/kube';
import type { Registry } from 'prom-client';
import type { Cache } from '../cache/cache.js';
import type { EventRecorder } from '../events/recorder.js';
import type { Logger } from '../log.js';
import type { Clock } from '../seams/clock.js';
import type { Random } from '../seams/random.js';
import type { Webhook } from '../webhook/webhook.js';
import type { Tracer } from '../tracing/tracer.js';

/** Something that runs for as long as the manager does. */
export interface Runnable {
  /** Resolves when it has ended after `signal` was aborted; rejecting stops the manager. */
  start(signal: AbortSignal): Promise<void>;
  /** Runs on every replica, not only on the leader. Default false. */
  everyReplica?: boolean;
}

export interface Manager {
  /** The module's name: "keystone". */
  readonly name: string;
  /** DNS name of the project whose controllers these are, if it has one: what is written on objects begins with it. */
  readonly domain: string | undefined;
  /** Value of the label `app.kubernetes.io/managed-by` on what controllers make. */
  readonly managedBy: string;
  /** Of everything that the module writes: "keystone-controller". */
  readonly fieldManager: string;
  readonly client: Client;
  readonly cache: Cache;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: Registry;
  /** Spans of reconciles; off unless the process was told to trace. */
  readonly tracer: Tracer;
  /** Namespaces that are watched; empty: all. */
  readonly namespaces: readonly string[];
  /** May be called while the manager runs. */
  add(runnable: Runnable): void;
  /** A further condition of /readyz. `check` returns why it is not ready, or undefined. */
  addReadyCheck(name: string, check: () => string | undefined): void;
  /** Served on every replica from before the caches are filled. To be added before the manager runs. */
  addWebhook(webhook: Webhook): void;
}

/** The reason of a stop that cannot wait for work in progress: somebody else may be doing it already. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

/** Whether runs must be aborted now; otherwise they may end by themselves. */
export function isStoppedAtOnce(signal: AbortSignal): boolean {
  return signal.reason instanceof LeaseLostError;
}
