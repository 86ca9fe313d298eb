// The runs under way: when each has to end, and which of them do not although they were told to.
import type { Logger } from '../log.js';
import type { Clock, Timer } from '../seams/clock.js';
import { ReconcileTimeoutError } from './failures.js';
import { RunEnd } from './run-end.js';

/** Milliseconds after its signal was aborted within which a run ends that keeps to it. */
export const abortGrace = 10_000;

export interface RunsOptions {
  clock: Clock;
  /** Milliseconds that a run may take. Default: any. */
  timeout: number | undefined;
}

export interface RunUnderWay {
  readonly end: RunEnd;
  /** It has ended, by itself or not. */
  finish(): void;
}

interface Entry {
  end: RunEnd;
  log: Logger;
  /** Its next deadline. */
  timer: Timer | undefined;
  overdue: boolean;
}

/**
 * A run cannot be killed: one that ignores its signal keeps its worker, since its key must not run twice and more than
 * `maxConcurrentReconciles` must not run at once. So it is counted and said.
 */
export class Runs {
  readonly #options: RunsOptions;
  readonly #entries = new Set<Entry>();

  constructor(options: RunsOptions) {
    this.#options = options;
  }

  /** Runs that go on although their signal was aborted a while ago. */
  get overdue(): number {
    let count = 0;
    for (const entry of this.#entries) if (entry.overdue) count++;
    return count;
  }

  begin(log: Logger): RunUnderWay {
    const { clock, timeout } = this.#options;
    const entry: Entry = { end: new RunEnd(), log, timer: undefined, overdue: false };
    this.#entries.add(entry);
    if (timeout)
      entry.timer = clock.schedule(timeout, () =>
        this.#abort(entry, new ReconcileTimeoutError(`not done within ${timeout} ms`)),
      );
    return {
      end: entry.end,
      finish: () => {
        entry.timer?.cancel();
        this.#entries.delete(entry);
        if (entry.overdue) log.warn({}, 'Reconcile that ignored its signal has ended');
      },
    };
  }

  abortAll(reason: unknown): void {
    for (const entry of this.#entries) this.#abort(entry, reason);
  }

  #abort(entry: Entry, reason: unknown): void {
    entry.timer?.cancel();
    entry.end.abort(reason);
    entry.timer = this.#options.clock.schedule(abortGrace, () => {
      entry.overdue = true;
      entry.log.error({ err: reason }, 'Reconcile goes on although its signal was aborted, and keeps its worker');
    });
  }
}
