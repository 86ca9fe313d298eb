// The connection below mysql2. What a server sends is read in a listener, where an error would be nobody's and end the process,
// and is kept as long as an answer lasts: whoever answers in a server's place must be able to do neither.
import { Socket } from 'node:net';

/** Bytes that a server may send in one visit. What is asked for is a few rows. */
export const longestAnswer = 8 * 1024 * 1024;

/** Ends with an error, as if the connection had broken, where what is sent is too much, or makes its readers throw. */
class GuardedSocket extends Socket {
  #received = 0;

  override emit(event: string | symbol, ...values: unknown[]): boolean {
    if (event !== 'data') return super.emit(event, ...values);
    this.#received += (values[0] as Buffer).length;
    if (this.#received > longestAnswer)
      return this.#end(new Error('the server answers with more than anybody asked for'));
    try {
      return super.emit(event, ...values);
    } catch (error) {
      return this.#end(new Error('the server answers with what cannot be read', { cause: error }));
    }
  }

  #end(error: Error): boolean {
    if (!this.destroyed) this.destroy(error);
    return true;
  }
}

/** Connects; errors are events. */
export function guardedConnection(host: string, port: number): Socket {
  return new GuardedSocket().setNoDelay(true).connect(port, host);
}
