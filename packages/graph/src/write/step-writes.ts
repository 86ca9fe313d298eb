// What the steps of one reconcile write, and what came of it.
import type { Client } from '@stackwright/kube';
import { clientWithin, type Logger, type ReconcileContext } from '@stackwright/core';
import { together, type StepFailure } from '../status/failure.js';
import type { UpToDateChildren } from '../evaluate/up-to-date.js';
import type { Write } from '../evaluate/writes.js';
import { carryOut } from './apply.js';
import type { WriteContext, WriteLine } from './context.js';
import type { StepSpans } from './step-spans.js';
import type { WriteBackoff } from './write-backoff.js';
import { WriteLimits } from './write-limits.js';

/** What a write needs that is the same for all steps. */
export type SharedWriteContext = Omit<WriteContext, 'client' | 'signal' | 'log' | 'upToDate' | 'wrote'>;

export interface StepWritesInit {
  uid: string;
  client: Client;
  context: Pick<ReconcileContext, 'signal'>;
  log: Logger;
  writing: SharedWriteContext;
  upToDate: UpToDateChildren;
  backoff: WriteBackoff;
  spans: StepSpans;
}

export class StepWrites {
  /** What was carried out: of each step in order. */
  readonly written: Write[] = [];
  /** By step. */
  readonly failures = new Map<string, StepFailure>();
  readonly #init: StepWritesInit;
  readonly #limits: WriteLimits;
  readonly #lines: WriteLine[] = [];

  constructor(init: StepWritesInit) {
    this.#init = init;
    this.#limits = new WriteLimits(init.uid, init.backoff);
  }

  carryOut(step: string, writes: readonly Write[]): Promise<void> {
    const { uid, client, context, log, writing, upToDate, backoff, spans } = this.#init;
    return spans.within(step, async (span) => {
      const wrote: WriteContext['wrote'] = (one, line) => {
        this.#lines.push(line);
        this.written.push(one);
        backoff.made(uid, one);
      };
      const within = clientWithin(client, span);
      const write = { client: within, signal: context.signal, log, upToDate, wrote, ...writing };
      const failure = this.#limits.refuse(step, writes) ?? (await carryOut(writes, write));
      if (!failure) return;
      // What had failed before what is put back meanwhile is what matters of the two.
      this.failures.set(step, together([this.failures.get(step) ?? failure, failure]) ?? failure);
      span.fail(failure.error);
    });
  }

  /** One line for all that was written since the last. */
  logWritten(): void {
    if (this.#lines.length > 0) this.#init.log.info({ writes: this.#lines.splice(0) }, 'Wrote');
  }
}
