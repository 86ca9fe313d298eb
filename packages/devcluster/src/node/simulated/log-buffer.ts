import { limited } from '../log-limits.js';
import type { LogOptions } from '../runtime.js';

interface Line {
  /** Milliseconds since the epoch. */
  time: number;
  text: string;
}

/** How many lines a container's log holds. */
const CAPACITY = 10_000;

/** A container's output, line by line. */
export class LogBuffer {
  #lines: Line[] = [];
  /** Lines that fell out at the front. */
  #dropped = 0;
  #closed = false;
  readonly #waiters = new Set<() => void>();

  append(time: number, text: string): void {
    this.#lines.push({ time, text });
    if (this.#lines.length > CAPACITY) {
      this.#lines.shift();
      this.#dropped += 1;
    }
    this.#wake();
  }

  close(): void {
    this.#closed = true;
    this.#wake();
  }

  read(options: LogOptions): AsyncIterable<string> {
    return limited(this.#read(options), options.limitBytes);
  }

  async *#read({ tailLines, sinceTime, timestamps = false, follow }: LogOptions): AsyncGenerator<string> {
    const since = sinceTime === undefined ? 0 : Date.parse(sinceTime);
    const end = this.#dropped + this.#lines.length;
    let next = tailLines === undefined ? this.#dropped : Math.max(this.#dropped, end - tailLines);
    const wake = (): void => this.#wake();
    follow?.addEventListener('abort', wake, { once: true });
    try {
      while (!follow?.aborted) {
        next = Math.max(next, this.#dropped);
        const line = this.#lines[next - this.#dropped];
        if (line && (follow || next < end)) {
          next += 1;
          if (line.time >= since) yield format(line, timestamps);
        } else if (this.#closed || !follow) {
          return;
        } else {
          await new Promise<void>((resolve) => this.#waiters.add(resolve));
        }
      }
    } finally {
      follow?.removeEventListener('abort', wake);
    }
  }

  #wake(): void {
    for (const resolve of this.#waiters) resolve();
    this.#waiters.clear();
  }
}

function format({ time, text }: Line, timestamps: boolean): string {
  return timestamps ? `${new Date(time).toISOString()} ${text}\n` : `${text}\n`;
}
