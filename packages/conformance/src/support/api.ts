// A bare HTTP client: tests see codes, headers and bodies as any client would, without the manners (retries, errors as
// exceptions) of `packages/kube`. Where the server is and as whom to speak is that package's business.
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { loadConfig, type Connection, type TlsOptions } from '@stackwright/kube';
import type { Body } from './body.js';
import { target } from './target.js';
import { Watch } from './watch.js';

export interface Answer {
  code: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  text: string;
  body: Body;
}

export interface SendOptions {
  /** Absent: the credentials of the kubeconfig. "": none. */
  token?: string;
  contentType?: string;
  accept?: string;
  userAgent?: string;
  headers?: Readonly<Record<string, string>>;
  /** Sent as it is, instead of JSON. */
  raw?: string | Buffer;
}

const MERGE = 'application/merge-patch+json';
const STRATEGIC = 'application/strategic-merge-patch+json';
const JSON_PATCH = 'application/json-patch+json';
export const APPLY = 'application/apply-patch+yaml';

/** That of KUBECONFIG, which `session.ts` has set. Reading it and running its plugins is not cheap: once per process. */
let connection: Promise<Connection> | undefined;
const agents = new Map<TlsOptions, HttpAgent | HttpsAgent>();
/** Those that bring their own token must not be known by the certificate of the kubeconfig. */
const anonymous = new Map<TlsOptions, TlsOptions>();

export class Api {
  readonly #watches = new Set<Watch>();

  async send(method: string, path: string, body?: unknown, options: SendOptions = {}): Promise<Answer> {
    const response = await this.#open(method, path, body, options);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const json = response.headers['content-type']?.startsWith('application/json') ?? false;
    return {
      code: response.statusCode ?? 0,
      headers: response.headers,
      text,
      body: (json && text !== '' ? JSON.parse(text) : undefined) as Body,
    };
  }

  get = (path: string, options?: SendOptions): Promise<Answer> => this.send('GET', path, undefined, options);
  post = (path: string, body: unknown, options?: SendOptions): Promise<Answer> =>
    this.send('POST', path, body, options);
  put = (path: string, body: unknown, options?: SendOptions): Promise<Answer> => this.send('PUT', path, body, options);
  delete = (path: string, body?: unknown, options?: SendOptions): Promise<Answer> =>
    this.send('DELETE', path, body, options);
  merge = (path: string, body: unknown, options?: SendOptions): Promise<Answer> =>
    this.send('PATCH', path, body, { ...options, contentType: MERGE });
  strategic = (path: string, body: unknown): Promise<Answer> =>
    this.send('PATCH', path, body, { contentType: STRATEGIC });
  json = (path: string, operations: unknown): Promise<Answer> =>
    this.send('PATCH', path, operations, { contentType: JSON_PATCH });

  /** Server-side apply; the manager goes into the query. */
  apply(path: string, body: unknown, manager: string, force = false): Promise<Answer> {
    const query = `fieldManager=${manager}${force ? '&force=true' : ''}`;
    return this.send('PATCH', `${path}${path.includes('?') ? '&' : '?'}${query}`, body, { contentType: APPLY });
  }

  /** Creates, and throws unless that was done. */
  async create(path: string, body: unknown): Promise<Body> {
    return succeeded(`POST ${path}`, await this.post(path, body));
  }

  /** Opens a watch; resolves when the server has accepted it, or refused. */
  async watch(path: string, options?: SendOptions): Promise<Watch> {
    const response = await this.#open('GET', `${path}${path.includes('?') ? '&' : '?'}watch=true`, undefined, options);
    const watch = new Watch(response, target.patience);
    this.#watches.add(watch);
    return watch;
  }

  closeWatches(): void {
    for (const watch of this.#watches) watch.close();
    this.#watches.clear();
  }

  async #open(method: string, path: string, body: unknown, options: SendOptions = {}): Promise<IncomingMessage> {
    connection ??= loadConfig();
    const to = await connection;
    const credentials = await to.credentials();
    const own = options.token === undefined;
    const payload = options.raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const url = new URL(to.server + path);
    const secure = url.protocol === 'https:';
    const agent = agentFor(to, own ? credentials.tls : withoutCertificate(credentials.tls), secure);
    return new Promise((resolve, reject) => {
      const request = (secure ? httpsRequest : httpRequest)(
        url,
        {
          method,
          agent,
          headers: {
            accept: options.accept ?? 'application/json',
            'user-agent': options.userAgent ?? 'conformance/1.0',
            ...(own ? credentials.headers : {}),
            ...(options.token ? { authorization: `Bearer ${options.token}` } : {}),
            ...(payload === undefined
              ? {}
              : {
                  'content-type': options.contentType ?? 'application/json',
                  'content-length': Buffer.byteLength(payload),
                }),
            ...options.headers,
          },
        },
        resolve,
      );
      request.on('error', reject);
      request.end(payload);
    });
  }
}

/** The body of an answer of success; throws what the server said otherwise. */
export function succeeded(what: string, { code, text, body }: Answer): Body {
  if (code < 200 || code > 299) throw new Error(`${what}: ${code} ${text}`);
  return body;
}

function agentFor(to: Connection, tls: TlsOptions, secure: boolean): HttpAgent | HttpsAgent {
  let agent = agents.get(tls);
  if (!agent) {
    const limits = { keepAlive: true, maxSockets: Infinity, timeout: 60_000 };
    agent = to.proxyAgent?.(tls, limits) ?? (secure ? new HttpsAgent({ ...limits, ...tls }) : new HttpAgent(limits));
    agents.set(tls, agent);
  }
  return agent;
}

function withoutCertificate(tls: TlsOptions): TlsOptions {
  let bare = anonymous.get(tls);
  if (!bare) {
    bare = { ...tls };
    delete bare.cert;
    delete bare.key;
    anonymous.set(tls, bare);
  }
  return bare;
}
