import { elapsed } from '../terminal/duration.js';
import { table } from '../terminal/table.js';

/** How long each stage of a command took. */
export class Stages {
  readonly #now: () => number;
  readonly #done: { name: string; milliseconds: number }[] = [];

  /** `now` in milliseconds, on a clock that does not jump. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  async run<T>(name: string, work: () => Promise<T>): Promise<T> {
    const started = this.#now();
    const result = await work();
    this.#done.push({ name, milliseconds: this.#now() - started });
    return result;
  }

  lines(): string[] {
    const total = this.#done.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
    return table(
      [...this.#done, { name: 'Total', milliseconds: total }].map(({ name, milliseconds }) => [
        name,
        elapsed(milliseconds),
      ]),
      '  ',
    );
  }
}
