// The few lines of a web framework that simulated services need.
import type { IncomingMessage, RequestListener } from 'node:http';

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  /** What stands in the path where the route has `{name}`. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** "http://host:port", as the client named it. */
  readonly base: string;
}

export interface Answer {
  status: number;
  /** Sent as JSON. */
  json?: unknown;
  body?: string | Buffer;
  headers?: Readonly<Record<string, string>>;
}

/** What a handler throws instead of answering. */
export class Refusal extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super(`HTTP ${answer.status}`);
    this.answer = answer;
  }
}

export type Handler = (call: Call) => Answer;

/** By "METHOD /path/{parameter}"; the first that fits answers. GET answers HEAD too. */
export type Routes = Readonly<Record<string, Handler>>;

interface Route {
  method: string;
  pattern: RegExp;
  handler: Handler;
}

/** `otherwise` answers what has no route. */
export function httpApi(routes: Routes, otherwise: Handler): RequestListener {
  const table = Object.entries(routes).map(([name, handler]): Route => {
    const [method = '', path = ''] = name.split(' ');
    const pattern = new RegExp(`^${path.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}/?$`);
    return { method, pattern, handler };
  });
  return (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { status, json, body, headers } = answer(table, otherwise, request, Buffer.concat(chunks));
      const content = json === undefined ? (body ?? '') : JSON.stringify(json);
      response.writeHead(status, {
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...(status === 204 ? {} : { 'content-length': Buffer.byteLength(content) }),
        ...headers,
      });
      response.end(request.method === 'HEAD' || status === 204 ? undefined : content);
    });
  };
}

function answer(routes: readonly Route[], otherwise: Handler, request: IncomingMessage, body: Buffer): Answer {
  const base = `http://${request.headers.host ?? 'localhost'}`;
  const method = request.method === 'HEAD' ? 'GET' : (request.method ?? 'GET');
  try {
    // Not by URL: it would take "%2F" in a name and "//" for what they are not.
    const [path = '/', search = ''] = (request.url ?? '/').split('?');
    const call = { method, path, query: new URLSearchParams(search), headers: request.headers, body, base };
    for (const route of routes) {
      const match = route.method === method ? route.pattern.exec(path) : null;
      if (!match) continue;
      const parameters = Object.entries(match.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]);
      return route.handler({ ...call, parameters: Object.fromEntries(parameters) as Record<string, string> });
    }
    return otherwise({ ...call, parameters: {} });
  } catch (error) {
    if (error instanceof Refusal) return error.answer;
    return { status: 500, json: { error: { code: 500, title: 'Internal Server Error', message: String(error) } } };
  }
}

/** The body as an object; undefined when it is none. */
export function jsonObject(body: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString());
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
