// One of the two: says what it answers, whatever that is.
import { ApiError, createTransport, loadConfig, type Transport } from '@stackwright/kube';

export interface Reply {
  code: number;
  /** The object, or the status. */
  body: unknown;
}

/** A connection may have ended just then; nothing here is done twice by being asked for twice. */
const ATTEMPTS = 3;

export class Server {
  readonly #transport: Transport;

  private constructor(transport: Transport) {
    this.#transport = transport;
  }

  static async of(kubeconfig: string): Promise<Server> {
    const connection = await loadConfig({ kubeconfig });
    return new Server(createTransport({ connection, userAgent: 'conformance/1.0' }));
  }

  /** A code of 0: there was no answer, however often it was asked. */
  async send(method: string, path: string, body?: unknown, contentType = 'application/json'): Promise<Reply> {
    let reply: Reply;
    let attempt = 0;
    do {
      reply = await this.#ask(method, path, body, contentType);
      attempt += 1;
    } while (reply.code === 0 && attempt < ATTEMPTS);
    return reply;
  }

  async #ask(method: string, path: string, body: unknown, contentType: string): Promise<Reply> {
    try {
      const text = await this.#transport.request({
        method,
        path,
        ...(body === undefined ? {} : { body: JSON.stringify(body), contentType }),
      });
      return { code: 200, body: JSON.parse(text) as unknown };
    } catch (error) {
      if (error instanceof ApiError) return { code: error.code, body: error.status ?? { message: error.message } };
      throw error;
    }
  }

  /** Throws unless it was done. */
  async create(path: string, object: unknown): Promise<void> {
    const { code, body } = await this.send('POST', path, object);
    if (code !== 200) throw new Error(`POST ${path}: ${code} ${JSON.stringify(body)}`);
  }

  close(): void {
    this.#transport.close();
  }
}
