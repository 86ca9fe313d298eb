// A server on a random loopback port, and a bare HTTP client for it: tests see what any client would.
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { parse } from 'yaml';
import type { Status } from '@stackwright/kube';
import { startApiServer, type ApiServer, type ApiServerOptions } from '../server.js';
import type { Body } from './body.js';

export interface Answer {
  code: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  body: Body;
}

export interface SendOptions {
  /** Absent: the administrator's. "": none. */
  token?: string;
  contentType?: string;
  accept?: string;
  userAgent?: string;
  /** Any others. */
  headers?: Readonly<Record<string, string | string[]>>;
  /** Sent as it is, instead of JSON. */
  raw?: string;
}

export interface Event {
  type: string;
  object: Body;
}

export class TestServer {
  readonly server: ApiServer;
  readonly token: string;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #watches = new Set<Watch>();

  static async start(options: ApiServerOptions = {}): Promise<TestServer> {
    return new TestServer(await startApiServer(options));
  }

  private constructor(server: ApiServer) {
    this.server = server;
    const config = parse(server.kubeconfig) as { users: { user: { token: string } }[] };
    this.token = config.users[0]?.user.token ?? '';
  }

  async stop(): Promise<void> {
    for (const watch of this.#watches) watch.close();
    this.#agent.destroy();
    await this.server.stop();
  }

  async send(method: string, path: string, body?: unknown, options: SendOptions = {}): Promise<Answer> {
    const response = await this.#open(method, path, body, options);
    let text = '';
    for await (const chunk of response) text += String(chunk);
    const json = response.headers['content-type']?.startsWith('application/json') ?? false;
    return {
      code: response.statusCode ?? 0,
      headers: response.headers,
      text,
      body: (json ? JSON.parse(text) : undefined) as Body,
    };
  }

  get = (path: string, options?: SendOptions): Promise<Answer> => this.send('GET', path, undefined, options);
  post = (path: string, body: unknown, options?: SendOptions): Promise<Answer> =>
    this.send('POST', path, body, options);
  put = (path: string, body: unknown, options?: SendOptions): Promise<Answer> => this.send('PUT', path, body, options);
  delete = (path: string, body?: unknown, options?: SendOptions): Promise<Answer> =>
    this.send('DELETE', path, body, options);

  merge = (path: string, body: unknown): Promise<Answer> =>
    this.send('PATCH', path, body, { contentType: 'application/merge-patch+json' });

  /** Server-side apply; the manager goes into the query. */
  apply(path: string, body: unknown, manager: string, force = false): Promise<Answer> {
    const query = `fieldManager=${manager}${force ? '&force=true' : ''}`;
    return this.send('PATCH', `${path}${path.includes('?') ? '&' : '?'}${query}`, body, {
      contentType: 'application/apply-patch+yaml',
    });
  }

  /** Creates, and throws unless that was done. */
  async create(path: string, body: unknown): Promise<Body> {
    const answer = await this.post(path, body);
    if (answer.code !== 201) throw new Error(`POST ${path}: ${answer.code} ${answer.text}`);
    return answer.body;
  }

  /** Opens a watch; resolves when the server has accepted it. */
  async watch(path: string, options?: SendOptions): Promise<Watch> {
    const response = await this.#open('GET', `${path}${path.includes('?') ? '&' : '?'}watch=true`, undefined, options);
    const watch = new Watch(response);
    this.#watches.add(watch);
    return watch;
  }

  #open(method: string, path: string, body: unknown, options: SendOptions = {}): Promise<IncomingMessage> {
    const token = options.token ?? this.token;
    const payload = options.raw ?? (body === undefined ? undefined : JSON.stringify(body));
    return new Promise((resolve, reject) => {
      const request = httpRequest(
        new URL(path, this.server.url),
        {
          method,
          agent: this.#agent,
          headers: {
            accept: options.accept ?? 'application/json',
            'user-agent': options.userAgent ?? 'test/1.0',
            ...options.headers,
            ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
            ...(payload === undefined
              ? {}
              : {
                  'content-type': options.contentType ?? 'application/json',
                  'content-length': Buffer.byteLength(payload),
                }),
          },
        },
        resolve,
      );
      request.on('error', reject);
      request.end(payload);
    });
  }
}

export class Watch {
  readonly code: number;
  readonly #response: IncomingMessage;
  readonly #events: Event[] = [];
  #waiting: (() => void) | undefined;
  #ended = false;

  constructor(response: IncomingMessage) {
    this.#response = response;
    this.code = response.statusCode ?? 0;
    let rest = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#events.push(eventOf(line));
      this.#waiting?.();
    });
    const end = (): void => {
      this.#ended = true;
      this.#waiting?.();
    };
    response.on('end', end).on('error', end).on('close', end);
  }

  /** The next event; undefined when the watch has ended. */
  async next(): Promise<Event | undefined> {
    while (this.#events.length === 0 && !this.#ended) await new Promise<void>((resolve) => (this.#waiting = resolve));
    return this.#events.shift();
  }

  /** The next ones, as "ADDED a". */
  async take(count: number): Promise<string[]> {
    const taken: string[] = [];
    for (let index = 0; index < count; index += 1) {
      const event = await this.next();
      taken.push(event ? describe(event) : 'END');
    }
    return taken;
  }

  /** All until the watch ends. */
  async rest(): Promise<string[]> {
    const taken: string[] = [];
    for (let event = await this.next(); event; event = await this.next()) taken.push(describe(event));
    return taken;
  }

  /** How many events have come that nobody took. */
  get unread(): number {
    return this.#events.length;
  }

  close(): void {
    this.#response.destroy();
  }
}

function eventOf(line: string): Event {
  try {
    return JSON.parse(line) as Event;
  } catch {
    return { type: 'GARBAGE', object: {} } as Event;
  }
}

function describe({ type, object }: Event): string {
  const name = (object as { metadata?: { name?: string } }).metadata?.name;
  return name === undefined ? type : `${type} ${name}`;
}

export const status = (answer: Answer): Status => answer.body as unknown as Status;
