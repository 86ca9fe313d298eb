// HTTP to one API server: pooled connections, credentials, deadlines, retries. Knows nothing of objects.
import type { Agent, IncomingMessage, RequestOptions } from 'node:http';
import type { Connection, Credentials } from './connection.js';
import { ApiError } from './errors.js';
import { isReset, readAll, send } from './exchange.js';
import { connectionFailed, errorOfResponse, timedOut } from './failures.js';
import { Pool } from './pool.js';
import { Cancellation, delay, onAbort, unlessCancelled } from './signals.js';

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
  /** The answer may be long: the server may compress it. Default false. */
  compressed?: boolean;
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
  /**
   * A connection broke, or went silent: closes those that nobody uses at the moment, for what took the one mostly took them all
   * (a load balancer that forgot them, a node that went), and each would cost a call its whole time-out. Calls do so by themselves.
   */
  distrust(): void;
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
/** Milliseconds before the first retry at least, twice that before the second, and so on: a server may ask for 0 seconds. */
const shortestRetryAfter = 50;
/** Milliseconds after which a call without an answer says something of its connection. */
const longWait = 1000;
/** A longer delay would overflow the timer and fire at once. */
const maxTimer = 2 ** 31 - 1;

export function createTransport(options: TransportOptions): Transport {
  return new PooledTransport(options);
}

/** One call from its beginning to its end, with all its attempts. */
class UnderWay extends Cancellation {
  /** For the server to answer; Infinity: it does not wait for that. */
  waitingSince = Infinity;
  timer: NodeJS.Timeout | undefined;
  /** Takes back what waits for the caller's signal. */
  forget: (() => void) | undefined;
}

class PooledTransport implements Transport {
  readonly connection: Connection;
  readonly #options: TransportOptions;
  readonly #target: { protocol: string; hostname: string; port: string };
  readonly #host: string;
  readonly #basePath: string;
  readonly #underWay = new Set<UnderWay>();
  readonly #pool: Pool;
  /** The headers of every request with these credentials, names and values in turn. */
  #common: { of: Credentials; headers: readonly string[] } | undefined;
  #closed = false;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.connection = options.connection;
    const { protocol, hostname, port, host, pathname } = new URL(options.connection.server);
    this.#target = { protocol, hostname: hostname.replace(/^\[|\]$/g, ''), port };
    this.#host = host;
    this.#basePath = pathname.replace(/(?<!\/)\/+$/, '');
    this.#pool = new Pool(options.connection, options.maxSockets ?? defaultMaxSockets);
  }

  async request(call: Call): Promise<string> {
    const life = this.#begin(call);
    try {
      return await this.#attempts(call, life, 'requests', readAll);
    } finally {
      this.#end(life);
    }
  }

  async open(call: Call): Promise<IncomingMessage> {
    const life = this.#begin(call);
    try {
      const response = await this.#attempts(call, life, 'watches', (response) => response);
      clearTimeout(life.timer);
      life.waitingSince = Infinity;
      response.socket.setKeepAlive(true, tcpKeepAlive);
      if (response.closed) this.#end(life);
      else response.once('close', () => this.#end(life));
      return response;
    } catch (error) {
      this.#end(life);
      throw error;
    }
  }

  distrust(): void {
    this.#pool.dropIdle();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const reason = connectionFailed(this.connection.server, 'the client is closed');
    for (const life of this.#underWay) life.cancel(reason);
    this.#pool.close();
  }

  /** A call is ended by its caller, by its deadline, or by `close`. */
  #begin(call: Call): UnderWay {
    const life = new UnderWay();
    const { signal } = call;
    if (this.#closed) life.cancel(connectionFailed(this.#nameOf(call), 'the client is closed'));
    else if (signal?.aborted) life.cancel(signal.reason);
    else if (signal) {
      life.forget = onAbort(signal, () => {
        // Whoever gives up on a call that has waited for long has a deadline of its own.
        if (performance.now() - life.waitingSince >= longWait) this.distrust();
        life.cancel(signal.reason);
      });
    }
    const timeout = call.timeout ?? this.#options.timeout ?? defaultTimeout;
    const expire = (): void => {
      if (life.waitingSince < Infinity) this.distrust();
      life.cancel(timedOut(this.#nameOf(call), `no answer within ${timeout} ms`));
    };
    life.timer = setTimeout(expire, Math.min(timeout, maxTimer));
    this.#underWay.add(life);
    return life;
  }

  #end(life: UnderWay): void {
    clearTimeout(life.timer);
    life.forget?.();
    this.#underWay.delete(life);
  }

  /** Tries until it succeeds: again where the server asks for it or where it can do no harm. */
  async #attempts<T>(
    call: Call,
    life: UnderWay,
    kind: 'requests' | 'watches',
    read: (response: IncomingMessage) => T | Promise<T>,
  ): Promise<T> {
    const deadline = performance.now() + (call.timeout ?? this.#options.timeout ?? defaultTimeout);
    let throttled = 0;
    let reset = 0;
    let refused = false;
    for (;;) {
      if (life.cancelled) throw life.reason;
      const given = this.connection.credentials();
      const credentials = given instanceof Promise ? await this.#arrived(given, call, life) : given;
      const agents = this.#pool.agentsFor(credentials.tls);
      life.waitingSince = performance.now();
      try {
        return await this.#attempt(agents[kind], credentials, call, life, read);
      } catch (cause) {
        life.waitingSince = Infinity;
        if (life.cancelled) throw life.reason;
        const answered = cause instanceof ApiError;
        if (!answered) this.distrust();
        const error = answered ? cause : connectionFailed(this.#nameOf(call), cause);
        const wait = throttleOf(error, throttled);
        if (wait !== undefined && throttled < maxThrottleRetries && performance.now() + wait < deadline) {
          throttled++;
          await this.#delay(wait, life);
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

  async #arrived(credentials: Promise<Credentials>, call: Call, life: UnderWay): Promise<Credentials> {
    try {
      // A plugin may hang: the call must not.
      return await unlessCancelled(credentials, life);
    } catch (cause) {
      if (life.cancelled) throw life.reason;
      throw connectionFailed(`${this.#nameOf(call)}: credentials`, cause);
    }
  }

  async #attempt<T>(
    agent: Agent,
    credentials: Credentials,
    call: Call,
    life: UnderWay,
    read: (response: IncomingMessage) => T | Promise<T>,
  ): Promise<T> {
    const start = performance.now();
    let code = 0;
    try {
      const response = await send(this.#optionsOf(agent, credentials, call), call.body, life);
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
    const headers = [...this.#commonHeaders(credentials), 'Accept', call.accept ?? 'application/json'];
    if (call.compressed && !this.connection.disableCompression) headers.push('Accept-Encoding', 'gzip');
    if (call.traceparent !== undefined) headers.push('traceparent', call.traceparent);
    if (call.body !== undefined) {
      const length = String(Buffer.byteLength(call.body));
      headers.push('Content-Type', call.contentType ?? 'application/json', 'Content-Length', length);
    }
    return { agent, method: call.method, path: this.#basePath + call.path, headers, ...this.#target };
  }

  /** As a list Node takes headers as they are, without an entry in a table for each. */
  #commonHeaders(credentials: Credentials): readonly string[] {
    if (this.#common?.of !== credentials) {
      const given = Object.entries(credentials.headers).flatMap(([name, value]) =>
        (typeof value === 'string' ? [value] : value).flatMap((one) => [name, one]),
      );
      const headers = ['Host', this.#host, 'User-Agent', this.#options.userAgent ?? 'stackwright', ...given];
      this.#common = { of: credentials, headers };
    }
    return this.#common.headers;
  }

  #report(call: Call, code: number, start: number): void {
    this.#options.onRequest?.({
      method: call.method,
      verb: call.verb ?? 'raw',
      host: this.#host,
      path: pathOnly(call.path),
      code,
      duration: performance.now() - start,
    });
  }

  #nameOf(call: Call): string {
    return `${call.method} ${this.connection.server}${pathOnly(call.path)}`;
  }

  #delay(milliseconds: number, life: UnderWay): Promise<void> {
    const stop = new AbortController();
    life.onCancel(() => stop.abort(life.reason));
    return (this.#options.delay ?? delay)(milliseconds, stop.signal);
  }
}

/** Milliseconds to wait before the server wants to be asked again; undefined when it did not say. */
function throttleOf(error: ApiError, throttled: number): number | undefined {
  const asked = error.code === 429 ? (error.retryAfter ?? defaultRetryAfter) : error.retryAfter;
  if (asked === undefined || (error.code !== 429 && error.code < 500)) return undefined;
  return Math.max(asked, shortestRetryAfter * 2 ** throttled);
}

const isSuccess = (code: number): boolean => code >= 200 && code < 300;
const pathOnly = (path: string): string => {
  const end = path.indexOf('?');
  return end < 0 ? path : path.slice(0, end);
};
