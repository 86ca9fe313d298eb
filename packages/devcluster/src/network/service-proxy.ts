import { createConnection, createServer, type Server, type Socket } from 'node:net';

/** One port of a Service, and where its connections go. */
export interface ServicePort {
  clusterIP: string;
  port: number;
  /** Ready endpoints. Without any, connections are refused. */
  endpoints: readonly ServiceEndpoint[];
}

export interface ServiceEndpoint {
  ip: string;
  port: number;
}

export interface ServiceProxyOptions {
  /** How long an endpoint may take to accept, milliseconds, before the next is tried. Default 3000. */
  connectTimeout?: number;
  /** Between attempts at an address that could not be listened on, milliseconds. Default 1000. */
  retryInterval?: number;
  /** Whether the endpoint is one for this client. Default: it is. */
  letsIn?: (client: string, endpoint: ServiceEndpoint) => boolean | Promise<boolean>;
  /** Told once per trouble, not once per attempt. */
  onError?: (error: ListenError) => void;
}

export class ListenError extends Error {
  override readonly name = 'ListenError';

  constructor(address: string, cause: Error) {
    super(`cannot listen on ${address}: ${cause.message}`, { cause });
  }
}

/**
 * ClusterIPs in user space: listens on every Service's address and spreads its connections over the endpoints. As
 * with kube-proxy, a change of endpoints leaves existing connections alone. TCP only; cluster DNS listens by itself.
 *
 * The addresses must be the host's: on the podman node the whole service range is (see node/podman/network.ts).
 */
export class ServiceProxy {
  readonly #options: Required<ServiceProxyOptions>;
  readonly #listeners = new Map<string, Listener>();
  /** Of ports that are not wanted any more: their connections go on, and hold the process as long as they do. */
  readonly #former = new Set<Listener>();

  constructor(options: ServiceProxyOptions = {}) {
    this.#options = {
      connectTimeout: 3000,
      retryInterval: 1000,
      letsIn: () => true,
      onError: () => undefined,
      ...options,
    };
  }

  /** Replaces all that is wanted. Ports without endpoints are not listened on, so that clients are refused at once. */
  update(ports: readonly ServicePort[]): void {
    const wanted = new Map(ports.filter(({ endpoints }) => endpoints.length > 0).map((port) => [keyOf(port), port]));
    for (const [key, listener] of this.#listeners) {
      if (wanted.has(key)) continue;
      listener.close();
      this.#listeners.delete(key);
      this.#former.add(listener);
      void listener.ended.then(() => this.#former.delete(listener));
    }
    for (const [key, port] of wanted) {
      const existing = this.#listeners.get(key);
      if (existing !== undefined) existing.endpoints = port.endpoints;
      else this.#listeners.set(key, new Listener(port, this.#options));
    }
  }

  /** Resolves when every wanted port is listened on (or was given up, see `onError`). */
  async settled(): Promise<void> {
    await Promise.all([...this.#listeners.values()].map((listener) => listener.attempted));
  }

  /** Closes everything, connections included, also those to ports that nobody wants any more. */
  stop(): void {
    for (const listener of [...this.#listeners.values(), ...this.#former]) listener.close({ connections: true });
    this.#listeners.clear();
  }
}

const keyOf = ({ clusterIP, port }: ServicePort): string => `${clusterIP}:${port}`;

class Listener {
  endpoints: readonly ServiceEndpoint[];
  /** Resolves after the first attempt to listen. */
  readonly attempted: Promise<void>;
  /** Resolves when it is closed, and all of its connections are. */
  readonly ended: Promise<void>;
  readonly #options: Required<ServiceProxyOptions>;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #next = 0;
  #retry: NodeJS.Timeout | undefined;
  #failed = false;
  #closed = false;

  constructor(port: ServicePort, options: Required<ServiceProxyOptions>) {
    this.endpoints = port.endpoints;
    this.#options = options;
    // A half-closed connection is still one: "send all, then read the answer" must pass through.
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => void this.#serve(client));
    this.attempted = new Promise((resolve) => {
      this.#server.once('listening', resolve);
      this.#server.once('error', () => resolve());
    });
    this.ended = new Promise((resolve) => this.#server.once('close', resolve));
    const listen = (): unknown => this.#server.listen({ host: port.clusterIP, port: port.port });
    this.#server.on('listening', () => (this.#failed = false));
    this.#server.on('error', (error) => {
      if (this.#closed) return;
      if (!this.#failed) options.onError(new ListenError(keyOf(port), error));
      this.#failed = true;
      this.#retry = setTimeout(listen, options.retryInterval);
    });
    listen();
  }

  close({ connections = false } = {}): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#server.close();
    if (connections) for (const socket of this.#sockets) socket.destroy();
  }

  async #serve(client: Socket): Promise<void> {
    this.#track(client);
    // Each endpoint once, beginning with the one whose turn it is.
    const turn = this.#next++;
    const order = this.endpoints.flatMap((_, index, all) => all[(turn + index) % all.length] ?? []);
    const from = client.remoteAddress ?? '';
    const open = await Promise.all(order.map(async (endpoint) => this.#options.letsIn(from, endpoint)));
    this.#connect(
      client,
      order.filter((_, index) => open[index]),
    );
  }

  #connect(client: Socket, [endpoint, ...others]: readonly ServiceEndpoint[]): void {
    if (endpoint === undefined || client.destroyed) {
      // Reset, not an orderly end: the client must not take it for an empty answer.
      client.resetAndDestroy();
      return;
    }
    const server = createConnection({ host: endpoint.ip, port: endpoint.port, allowHalfOpen: true, noDelay: true });
    const timer = setTimeout(() => server.destroy(new Error('timed out')), this.#options.connectTimeout);
    this.#sockets.add(server);
    server.once('close', () => {
      clearTimeout(timer);
      this.#sockets.delete(server);
    });
    const next = (): void => {
      clearTimeout(timer);
      this.#connect(client, others);
    };
    server.once('error', next);
    server.once('connect', () => {
      clearTimeout(timer);
      server.off('error', next);
      this.#track(server);
      if (client.destroyed) {
        server.destroy();
        return;
      }
      join(client, server);
      join(server, client);
    });
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    // What follows from an error is done on 'close'.
    socket.on('error', () => undefined);
  }
}

/** Passes on data, the end of data, and the loss of the connection. */
function join(from: Socket, to: Socket): void {
  from.pipe(to);
  from.once('close', (hadError) => {
    if (hadError || from.errored !== null) to.resetAndDestroy();
    else if (!from.readableEnded) to.destroy();
  });
}
