import { randomInt } from 'node:crypto';

/** Pod addresses 127.a.b.1 to 127.a.b.254, whose a and b are this node's alone, as far as chance can see to it. */
export class LoopbackAddresses {
  readonly #prefix = `127.${randomInt(1, 255)}.${randomInt(0, 256)}`;
  readonly #used = new Set<number>();
  #last = 0;

  /** The one least recently given back: a client that still holds an old address meets nobody, not somebody else. */
  take(): string {
    for (let step = 1; step <= 254; step += 1) {
      const number = ((this.#last + step - 1) % 254) + 1;
      if (this.#used.has(number)) continue;
      this.#used.add(number);
      this.#last = number;
      return `${this.#prefix}.${number}`;
    }
    throw new Error('the simulated node has no address left: 254 Pods run on it');
  }

  give(address: string): void {
    this.#used.delete(Number(address.split('.')[3]));
  }
}
