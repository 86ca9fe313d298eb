// HTTP to one API server: pooled connections, credentials, deadlines, retries. Knows nothing of objects.
import type { Agent, IncomingMessage, RequestOptions } from 'node:http';
import type { Connection, Credentials } from './connection.js';
import { ApiError } from './errors.js';
import { isReset, readAll, send } from './exchange.js';
import { connectionFailed, errorOfResponse, timedOut } from './failures.js';
import { dropIdle, Pool, type Agents } from './pool.js';
import { delay, onAbort, unlessAborted } from './signals.js';

export interface TransportOptions {
  connection: Connection;
  /** Until its first "/" it also names the field manager of writes that name none. Default "stackwright". */
  userAgent?: string;
  /** Connections for requests; more of them at once wait in line. Watches have their own, unbounded. Default 32. */
  maxSockets?: number;
  /** Milliseconds until a call fails with a `Timeout` ApiError, its retries included. Default 30 000. */
  timeout?: number;
  /** Called once per attempt, when its answer is complete (for streams: when the headers are there). */
  onRequest?: (request: RequestInfo) => void;
  /** Waits before a retry. For tests. */
  delay?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** What `rest_client_*` metrics and traces are made from. */
export interface RequestInfo {
  /** HTTP method; client-go's metrics call this "verb". */
  method: string;
  /** What it means on the API: "get", "list", "watch", "create", "update", "patch", "apply", "delete", "raw". */
  verb: string;
  /** Host and port of the API server. */
  host: string;
  /** Path without the query. */
  path: string;
  /** HTTP status; 0 when there was no answer. */
  code: number;
  /** Milliseconds. */
  duration: number;
}

export interface Call {
  method: string;
  /** Absolute path, with query. */
  path: string;
  verb?: string;
  body?: string;
  contentType?: string;
  /** Default application/json. */
  accept?: string | undefined;
  signal?: AbortSignal | undefined;
  /** Milliseconds. Default: the transport's. */
  timeout?: number | undefined;
  /** Doing it twice does no harm: tried again when the connection breaks before the answer. Default: GET only. */
  idempotent?: boolean;
  /** Sent as the header of that name. */
  traceparent?: string | undefined;
}

export interface Transport {
  readonly connection: Connection;
  /** Resolves with the body of a 2xx answer; rejects with an ApiError, or with the signal's reason. */
  request(call: Call): Promise<string>;
  /**
   * Resolves with the still open body of a 2xx answer, on a connection of its own. `timeout` bounds the wait for the
   * headers; aborting `signal` destroys the body at any time.
   */
  open(call: Call): Promise<IncomingMessage>;
  /** Fails what is under way and closes every connection. Calls after it are refused. */
  close(): void;
}

const defaultTimeout = 30_000;
const defaultMaxSockets = 32;
/** Keeps NAT entries alive and lets the kernel find dead peers under quiet watches. */
const tcpKeepAlive = 30_000;
const maxThrottleRetries = 10;
const maxResetRetries = 2;
/** Where a 429 does not say how long. */
const defaultRetryAfter = 1000;
/** A longer delay would overflow the timer and fire at once. */
const maxTimer = 2 ** 31 - 1;

export function createTransport(options: TransportOptions): Transport {
  return new PooledTransport(options);
}

class PooledTransport implements Transport {
  readonly connection: Connection;
  readonly #options: TransportOptions;
  readonly #url: URL;
  readonly #basePath: string;
  readonly #underWay = new Set<AbortController>();
  readonly #pool: Pool;
  #closed = false;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.connection = options.connection;
    this.#url = new URL(options.connection.server);
    this.#basePath = this.#url.pathname.replace(/\/+$/, '');
    this.#pool = new Pool(options.connection, options.maxSockets ?? defaultMaxSockets);
  }

  async request(call: Call): Promise<string> {
    const { controller, end } = this.#begin(call);
    try {
      return await this.#attempts(call, controller.signal, async ({ requests }, credentials) =>
        this.#attempt(requests, credentials, call, controller.signal, readAll),
      );
    } finally {
      end();
    }
  }

  async open(call: Call): Promise<IncomingMessage> {
    const { controller, stopTimer, end } = this.#begin(call);
    try {
      const response = await this.#attempts(call, controller.signal, async ({ watches }, credentials) =>
        this.#attempt(watches, credentials, call, controller.signal, (response) => response),
      );
      stopTimer();
      response.socket.setKeepAlive(true, tcpKeepAlive);
      if (response.closed) end();
      else response.once('close', end);
      return response;
    } catch (error) {
      end();
      throw error;
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const reason = connectionFailed(this.connection.server, 'the client is closed');
    for (const controller of this.#underWay) controller.abort(reason);
    this.#pool.close();
  }

  /** One controller ends a call, whoever wants it ended: its caller, its deadline, or `close`. */
  #begin(call: Call): { controller: AbortController; stopTimer: () => void; end: () => void } {
    const controller = new AbortController();
    const { signal } = call;
    if (this.#closed) controller.abort(connectionFailed(this.#nameOf(call), 'the client is closed'));
    else if (signal?.aborted) controller.abort(signal.reason);
    const forget = signal && !signal.aborted ? onAbort(signal, () => controller.abort(signal.reason)) : ignore;
    const timeout = call.timeout ?? this.#options.timeout ?? defaultTimeout;
    const expire = (): void => controller.abort(timedOut(this.#nameOf(call), `no answer within ${timeout} ms`));
    const timer = setTimeout(expire, Math.min(timeout, maxTimer));
    this.#underWay.add(controller);
    return {
      controller,
      stopTimer: () => clearTimeout(timer),
      end: () => {
        clearTimeout(timer);
        forget();
        this.#underWay.delete(controller);
      },
    };
  }

  /** Runs `attempt` until it succeeds, trying again where the server asks for it or where it can do no harm. */
  async #attempts<T>(
    call: Call,
    signal: AbortSignal,
    attempt: (agents: Agents, credentials: Credentials) => Promise<T>,
  ): Promise<T> {
    const deadline = performance.now() + (call.timeout ?? this.#options.timeout ?? defaultTimeout);
    let throttled = 0;
    let reset = 0;
    let refused = false;
    for (;;) {
      if (signal.aborted) throw signal.reason;
      const credentials = await this.#credentials(call, signal);
      const agents = this.#pool.agentsFor(credentials.tls);
      try {
        return await attempt(agents, credentials);
      } catch (cause) {
        if (signal.aborted) throw signal.reason;
        // The connections that the server let go together with this one would fail the same way.
        if (isReset(cause)) for (const agent of [agents.requests, agents.watches]) dropIdle(agent);
        const error = cause instanceof ApiError ? cause : connectionFailed(this.#nameOf(call), cause);
        const wait = throttleOf(error);
        if (wait !== undefined && throttled < maxThrottleRetries && performance.now() + wait < deadline) {
          throttled++;
          await this.#delay(wait, signal);
        } else if (error.code === 401 && !refused && this.connection.expire()) {
          refused = true;
        } else if (isReset(cause) && (call.idempotent ?? call.method === 'GET') && reset < maxResetRetries) {
          reset++;
        } else {
          throw error;
        }
      }
    }
  }

  async #credentials(call: Call, signal: AbortSignal): Promise<Credentials> {
    try {
      // A plugin may hang: the call must not.
      return await unlessAborted(this.connection.credentials(), signal);
    } catch (cause) {
      if (signal.aborted) throw signal.reason;
      throw connectionFailed(`${this.#nameOf(call)}: credentials`, cause);
    }
  }

  async #attempt<T>(
    agent: Agent,
    credentials: Credentials,
    call: Call,
    signal: AbortSignal,
    read: (response: IncomingMessage) => T | Promise<T>,
  ): Promise<T> {
    const start = performance.now();
    let code = 0;
    try {
      const response = await send(this.#optionsOf(agent, credentials, call), call.body, signal);
      const status = response.statusCode ?? 0;
      if (!isSuccess(status)) {
        const body = await readAll(response);
        code = status;
        throw errorOfResponse(this.#nameOf(call), status, response.headers, body);
      }
      const answer = await read(response);
      code = status;
      return answer;
    } finally {
      this.#report(call, code, start);
    }
  }

  #optionsOf(agent: Agent, credentials: Credentials, call: Call): RequestOptions {
    const { protocol, port } = this.#url;
    return {
      agent,
      method: call.method,
      protocol,
      hostname: this.#url.hostname.replace(/^\[|\]$/g, ''),
      port,
      path: this.#basePath + call.path,
      headers: {
        ...credentials.headers,
        accept: call.accept ?? 'application/json',
        'user-agent': this.#options.userAgent ?? 'stackwright',
        ...(call.traceparent !== undefined && { traceparent: call.traceparent }),
        ...(call.body !== undefined && {
          'content-type': call.contentType ?? 'application/json',
          'content-length': Buffer.byteLength(call.body),
        }),
      },
    };
  }

  #report(call: Call, code: number, start: number): void {
    this.#options.onRequest?.({
      method: call.method,
      verb: call.verb ?? 'raw',
      host: this.#url.host,
      path: pathOnly(call.path),
      code,
      duration: performance.now() - start,
    });
  }

  #nameOf(call: Call): string {
    return `${call.method} ${this.connection.server}${pathOnly(call.path)}`;
  }

  #delay(milliseconds: number, signal: AbortSignal): Promise<void> {
    return (this.#options.delay ?? delay)(milliseconds, signal);
  }
}

/** Milliseconds to wait before the server wants to be asked again; undefined when it did not say. */
function throttleOf(error: ApiError): number | undefined {
  if (error.code === 429) return error.retryAfter ?? defaultRetryAfter;
  return error.code >= 500 ? error.retryAfter : undefined;
}

const isSuccess = (code: number): boolean => code >= 200 && code < 300;
const pathOnly = (path: string): string => path.split('?', 1)[0] ?? path;
const ignore = (): void => undefined;
