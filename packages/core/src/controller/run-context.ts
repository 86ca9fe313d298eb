// What a run is given. Classes rather than literals with a getter: there is one of each for every run, and asking for the signal is what
// makes one.
import type { Client } from '@stackwright/kube';
import type { Logger } from '../log.js';
import type { ReconcileContext } from '../reconciler.js';
import type { Span } from '../tracing/tracer.js';
import type { RunEnd } from './run-end.js';
import type { Run } from './tracked-client.js';

export class RunContext implements ReconcileContext {
  readonly client: Client;
  readonly log: Logger;
  readonly reconcileID: string;
  readonly span: Span;
  readonly #end: RunEnd;

  constructor(end: RunEnd, { client, log, reconcileID, span }: Omit<ReconcileContext, 'signal'>) {
    this.#end = end;
    this.client = client;
    this.log = log;
    this.reconcileID = reconcileID;
    this.span = span;
  }

  get signal(): AbortSignal {
    return this.#end.signal;
  }
}

export class TrackedRun implements Run {
  readonly fieldManager: string;
  readonly wrote: Run['wrote'];
  readonly uidOf: Run['uidOf'];
  readonly #end: RunEnd;

  constructor(end: RunEnd, { fieldManager, wrote, uidOf }: Omit<Run, 'signal'>) {
    this.#end = end;
    this.fieldManager = fieldManager;
    this.wrote = wrote;
    this.uidOf = uidOf;
  }

  get signal(): AbortSignal {
    return this.#end.signal;
  }
}
