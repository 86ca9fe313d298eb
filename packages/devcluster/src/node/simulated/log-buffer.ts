interface Line {
  /** Milliseconds since the epoch. */
  time: number;
  text: string;
}

/** How many lines a container's log holds. */
const CAPACITY = 10_000;

export interface LogOptions {
  tailLines?: number;
  limitBytes?: number;
  sinceTime?: string;
  timestamps?: boolean;
}

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

  read({ tailLines, limitBytes, sinceTime, timestamps = false }: LogOptions): string {
    const since = sinceTime === undefined ? 0 : Date.parse(sinceTime);
    const lines = this.#lines.filter(({ time }) => time >= since);
    const chosen = tailLines === undefined ? lines : tailLines > 0 ? lines.slice(-tailLines) : [];
    const text = chosen.map((line) => format(line, timestamps)).join('');
    return limitBytes === undefined ? text : Buffer.from(text).subarray(0, limitBytes).toString('utf8');
  }

  async *follow({
    tailLines,
    timestamps = false,
    signal,
  }: {
    tailLines?: number;
    timestamps?: boolean;
    signal: AbortSignal;
  }): AsyncIterable<string> {
    const end = this.#dropped + this.#lines.length;
    let next = tailLines === undefined ? this.#dropped : Math.max(this.#dropped, end - tailLines);
    const wake = (): void => this.#wake();
    signal.addEventListener('abort', wake, { once: true });
    try {
      while (!signal.aborted) {
        next = Math.max(next, this.#dropped);
        const line = this.#lines[next - this.#dropped];
        if (line) {
          next += 1;
          yield format(line, timestamps);
        } else if (this.#closed) {
          return;
        } else {
          await new Promise<void>((resolve) => this.#waiters.add(resolve));
        }
      }
    } finally {
      signal.removeEventListener('abort', wake);
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
