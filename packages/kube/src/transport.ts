// HTTP to one API server: pooled connections, credentials, deadlines, retries. Knows nothing of objects.
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { createSecureContext } from 'node:tls';
import type { AgentLimits, Connection, Credentials, TlsOptions } from './connection.js';
import { ApiError } from './errors.js';
import { connectionFailed, errorOfResponse, timedOut } from './failures.js';
import { onAbort } from './signals.js';

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
  accept?: string;
  signal?: AbortSignal | undefined;
  /** Milliseconds. Default: the transport's. */
  timeout?: number | undefined;
  /** Doing it twice does no harm: tried again when the connection breaks before the answer. Default: GET only. */
  idempotent?: boolean;
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
/** Shorter than the idle time-out of API servers (90 s and more), so that it is rarely they who hang up. */
const idleConnection = 60_000;
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

interface Pool {
  tls: TlsOptions;
  requests: HttpAgent;
  watches: HttpAgent;
}

class PooledTransport implements Transport {
  readonly connection: Connection;
  readonly #options: TransportOptions;
  readonly #url: URL;
  readonly #basePath: string;
  readonly #underWay = new Set<AbortController>();
  #pool: Pool | undefined;
  #closed = false;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.connection = options.connection;
    this.#url = new URL(options.connection.server);
    this.#basePath = this.#url.pathname.replace(/\/+$/, '');
  }

  async request(call: Call): Promise<string> {
    const { controller, end } = this.#begin(call);
    try {
      return await this.#attempts(call, controller.signal, async (pool, credentials) => {
        const start = performance.now();
        let code = 0;
        try {
          const response = await this.#send(pool.requests, credentials, call, controller.signal);
          const body = await readAll(response);
          code = response.statusCode ?? 0;
          if (!isSuccess(code)) throw errorOfResponse(this.#nameOf(call), code, response.headers, body);
          return body;
        } finally {
          this.#report(call, code, start);
        }
      });
    } finally {
      end();
    }
  }

  async open(call: Call): Promise<IncomingMessage> {
    const { controller, stopTimer, end } = this.#begin(call);
    try {
      const response = await this.#attempts(call, controller.signal, async (pool, credentials) => {
        const start = performance.now();
        let code = 0;
        try {
          const response = await this.#send(pool.watches, credentials, call, controller.signal);
          code = response.statusCode ?? 0;
          if (!isSuccess(code)) {
            throw errorOfResponse(this.#nameOf(call), code, response.headers, await readAll(response));
          }
          return response;
        } finally {
          this.#report(call, code, start);
        }
      });
      stopTimer();
      response.socket.setKeepAlive(true, tcpKeepAlive);
      response.once('close', end);
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
    this.#pool?.requests.destroy();
    this.#pool?.watches.destroy();
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
    attempt: (pool: Pool, credentials: Credentials) => Promise<T>,
  ): Promise<T> {
    const deadline = performance.now() + (call.timeout ?? this.#options.timeout ?? defaultTimeout);
    let throttled = 0;
    let reset = 0;
    let refused = false;
    for (;;) {
      if (signal.aborted) throw signal.reason;
      const pool = await this.#ready(call, signal);
      try {
        return await attempt(pool.pool, pool.credentials);
      } catch (cause) {
        if (signal.aborted) throw signal.reason;
        const error = cause instanceof ApiError ? cause : connectionFailed(this.#nameOf(call), cause);
        const wait = throttleOf(error);
        if (wait !== undefined && throttled < maxThrottleRetries && performance.now() + wait < deadline) {
          throttled++;
          await this.#delay(wait, signal);
        } else if (error.code === 401 && !refused && this.connection.expire()) {
          refused = true;
        } else if (isReset(cause) && (call.idempotent ?? call.method === 'GET') && reset < maxResetRetries) {
          reset++;
          // The others that the server let go with it would fail the same way.
          dropIdle(pool.pool.requests);
        } else {
          if (isReset(cause)) dropIdle(pool.pool.requests);
          throw error;
        }
      }
    }
  }

  async #ready(call: Call, signal: AbortSignal): Promise<{ pool: Pool; credentials: Credentials }> {
    try {
      const credentials = await unlessAborted(this.connection.credentials(), signal);
      return { pool: this.#poolFor(credentials.tls), credentials };
    } catch (cause) {
      if (signal.aborted) throw signal.reason;
      throw connectionFailed(`${this.#nameOf(call)}: credentials`, cause);
    }
  }

  #poolFor(tls: TlsOptions): Pool {
    if (this.#pool?.tls !== tls) {
      // What runs on the connections of the old certificates may end there; they close by themselves when idle.
      if (this.#pool) for (const agent of [this.#pool.requests, this.#pool.watches]) dropIdle(agent);
      const maxSockets = this.#options.maxSockets ?? defaultMaxSockets;
      this.#pool = { tls, requests: this.#agent(tls, maxSockets), watches: this.#agent(tls, Infinity) };
    }
    return this.#pool;
  }

  #agent(tls: TlsOptions, maxSockets: number): HttpAgent {
    const limits: AgentLimits = { keepAlive: true, maxSockets, timeout: idleConnection };
    if (this.connection.proxyAgent) return this.connection.proxyAgent(tls, limits);
    if (this.#url.protocol === 'http:') return new HttpAgent({ ...limits, scheduling: 'lifo' });
    const { ca, cert, key, ...rest } = tls;
    // Made once: parsing a CA for every connection, and naming the pool by its bytes for every request, is not free.
    return new HttpsAgent({ ...limits, ...rest, scheduling: 'lifo', secureContext: createSecureContext({ ca, cert, key }) });
  }

  #send(agent: HttpAgent, credentials: Credentials, call: Call, signal: AbortSignal): Promise<IncomingMessage> {
    const options: RequestOptions = {
      agent,
      method: call.method,
      protocol: this.#url.protocol,
      hostname: this.#url.hostname.replace(/^\[|\]$/g, ''),
      port: this.#url.port,
      path: this.#basePath + call.path,
      headers: {
        ...credentials.headers,
        accept: call.accept ?? 'application/json',
        'user-agent': this.#options.userAgent ?? 'stackwright',
        ...(call.body !== undefined && {
          'content-type': call.contentType ?? 'application/json',
          'content-length': Buffer.byteLength(call.body),
        }),
      },
    };
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(reasonOf(signal));
        return;
      }
      const request = (this.#url.protocol === 'http:' ? httpRequest : httpsRequest)(options);
      // Takes response and connection with it. Without an error of ours: where the answer is complete but unread, Node
      // has already taken its listeners off the connection, and the error would be an uncaught exception.
      const abort = (): void => void request.destroy();
      signal.addEventListener('abort', abort, { once: true });
      request.once('close', () => signal.removeEventListener('abort', abort));
      // These stay on: both may fail once more when nobody waits any longer.
      request.on('error', reject);
      request.once('response', (response: IncomingMessage) => {
        response.on('error', ignore);
        resolve(response);
      });
      request.end(call.body);
    });
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

function readAll(response: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.once('end', () => resolve(chunks.length === 1 ? String(chunks[0]) : Buffer.concat(chunks).toString()));
    response.on('error', reject);
    response.once('close', () => reject(new Error('the connection broke in the middle of the answer')));
  });
}

/** Milliseconds to wait before the server wants to be asked again; undefined when it did not say. */
function throttleOf(error: ApiError): number | undefined {
  if (error.code === 429) return error.retryAfter ?? defaultRetryAfter;
  return error.code >= 500 ? error.retryAfter : undefined;
}

function isReset(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ECONNRESET' || code === 'EPIPE';
}

function dropIdle(agent: HttpAgent): void {
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
}

/** A credential plugin may hang: the call must not. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(reasonOf(signal));
    signal.addEventListener('abort', abort, { once: true });
    void promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

function delay(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(reasonOf(signal));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', abort);
      resolve();
    }, milliseconds);
    signal.addEventListener('abort', abort, { once: true });
  });
}

const isSuccess = (code: number): boolean => code >= 200 && code < 300;
const pathOnly = (path: string): string => path.split('?', 1)[0] ?? path;
const reasonOf = (signal: AbortSignal): Error => signal.reason as Error;
const ignore = (): void => undefined;
