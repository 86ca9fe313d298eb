// The server's end of a watch, held in memory.
import type { KubeObject, WatchEvent } from '@stackwright/kube';

export class FakeWatch implements AsyncIterator<WatchEvent<KubeObject>> {
  readonly #matches: (object: KubeObject) => boolean;
  readonly #events: WatchEvent<KubeObject>[] = [];
  readonly #onClose: (watch: FakeWatch) => void;
  #wake: (() => void) | undefined;
  #ended: { error: Error | undefined } | undefined;
  #paused = false;

  constructor(matches: (object: KubeObject) => boolean, onClose: (watch: FakeWatch) => void, signal?: AbortSignal) {
    this.#matches = matches;
    this.#onClose = onClose;
    signal?.addEventListener(
      'abort',
      () => this.end(signal.reason instanceof Error ? signal.reason : new Error('Aborted')),
      { once: true },
    );
  }

  push(event: WatchEvent<KubeObject>): void {
    if (this.#ended || (event.type !== 'BOOKMARK' && !this.#matches(event.object))) return;
    this.#events.push(event);
    this.#wake?.();
  }

  end(error?: Error): void {
    if (this.#ended) return;
    this.#ended = { error };
    this.#onClose(this);
    this.#wake?.();
  }

  /** While paused, events are held back: the reader's cache is stale. */
  set paused(paused: boolean) {
    this.#paused = paused;
    this.#wake?.();
  }

  async next(): Promise<IteratorResult<WatchEvent<KubeObject>, undefined>> {
    for (;;) {
      const event = this.#paused ? undefined : this.#events.shift();
      if (event) return { done: false, value: event };
      if (this.#ended?.error) throw this.#ended.error;
      if (this.#ended) return { done: true, value: undefined };
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async return(): Promise<IteratorResult<WatchEvent<KubeObject>, undefined>> {
    this.end();
    return { done: true, value: undefined };
  }
}
