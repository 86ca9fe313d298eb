// Everything that the server answers to HTTP, without the sockets: the path decides who answers.
import { ApiError } from '@stackwright/kube';
import { OPENID_CONFIGURATION, type Authenticator } from '../auth/authenticator.js';
import { refusal } from '../auth/authorizer.js';
import { identify, type Identity } from '../auth/identify.js';
import type { Discovery } from '../discovery.js';
import { authorize, dispatch, type Dispatcher } from '../dispatch.js';
import { badRequest, forbidden, internal, methodNotAllowed, noSuchResource, notAcceptable } from '../errors.js';
import { ConnectionLost } from '../intercept.js';
import { isObject } from '../json.js';
import type { OpenApi } from '../openapi/openapi.js';
import type { ResourceRequest, UserInfo } from '../request.js';
import type { TakeOver } from '../streams/upgrade.js';
import { decodeBody, patchTypeOf } from './body.js';
import { negotiate } from './negotiate.js';
import { deleteOptions, parseParameters, verbOf } from './parameters.js';
import { parseResourcePath, type ResourcePath } from './path.js';
import { render } from './render.js';

export interface HttpRequest {
  method: string;
  /** Path and query. */
  url: string;
  headers: Readonly<Record<string, string | undefined>>;
  body(): Promise<Uint8Array>;
  /** Set for requests from inside; HTTP requests bring a token. */
  user?: UserInfo;
  /** Aborted when the client has gone or the server stops. */
  signal: AbortSignal;
  /** Every value of the headers that may come more than once. */
  repeated?: Readonly<Record<string, readonly string[] | undefined>>;
  /** The connection that it came on, to tell one from another. */
  connection?: object;
  /** Whether the client wants to switch to another protocol. */
  upgrade?: boolean;
}

export interface HttpAnswer {
  code: number;
  headers: Record<string, string | readonly string[]>;
  body: string | AsyncIterable<string>;
  /** With code 101, and in place of headers and body: what the connection is from here on. */
  takeOver?: TakeOver;
}

export interface Handler {
  dispatcher: Dispatcher;
  authenticator: Authenticator;
  discovery: Discovery;
  openApi: OpenApi;
}

/** Never rejects, but with a ConnectionLost. */
export async function handle(handler: Handler, request: HttpRequest): Promise<HttpAnswer> {
  try {
    const url = new URL(request.url, 'http://server');
    if (PROBES.has(url.pathname)) return text(200, 'ok');
    if (url.pathname === '/version' && request.method === 'GET') return json(VERSION);
    const who = await identityOf(handler, request);
    const path = parseResourcePath(url.pathname);
    if (path) return await resource(handler, request, path, url.searchParams, who);
    return await document(handler, request, url, who.user);
  } catch (error) {
    if (error instanceof ConnectionLost) throw error;
    if (error instanceof ApiError) return failure(error);
    process.emitWarning(error instanceof Error ? error : String(error));
    return failure(internal(error instanceof Error ? error.message : String(error)));
  }
}

const PROBES = new Set(['/healthz', '/livez', '/readyz']);

const VERSION = {
  major: '1',
  minor: '32',
  gitVersion: 'v1.32.0-stackwright',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: 'node',
  platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
};

/** Requests from inside bring their user, all others a token. */
export async function identityOf({ authenticator, dispatcher }: Handler, request: HttpRequest): Promise<Identity> {
  return request.user ? { user: request.user } : identify(authenticator, dispatcher.authorizer, request);
}

async function resource(
  handler: Handler,
  http: HttpRequest,
  path: ResourcePath,
  query: URLSearchParams,
  who: Identity,
): Promise<HttpAnswer> {
  const { dispatcher } = handler;
  const { context } = dispatcher;
  const served = context.registry.get(path.group, path.version, path.plural);
  if (!served) throw noSuchResource();
  if (path.namespace !== undefined && !served.namespaced) throw noSuchResource();
  const verb = verbOf(http.method, path, query);
  if (!verb) throw methodNotAllowed();
  if (served.namespaced && path.namespace === undefined) {
    if (path.name !== undefined) throw noSuchResource();
    // All namespaces at once can be read, not written.
    if (verb !== 'list' && verb !== 'watch') throw methodNotAllowed();
  }
  const representation = negotiate(http.headers['accept'], [
    'Table',
    'PartialObjectMetadata',
    'PartialObjectMetadataList',
  ]);
  const patchType = verb === 'patch' ? patchTypeOf(http.headers['content-type']) : undefined;
  const writes = verb !== 'get' && verb !== 'list' && verb !== 'watch';
  const parameters = parseParameters(query);
  const strict = parameters.fieldValidation !== 'Ignore' && verb !== 'delete' && verb !== 'deletecollection';
  const asked: ResourceRequest = {
    verb,
    resource: served,
    ...(path.namespace === undefined ? {} : { namespace: path.namespace }),
    ...(path.name === undefined ? {} : { name: path.name }),
    ...(path.subresource === undefined ? {} : { subresource: path.subresource }),
    ...who,
    userAgent: http.headers['user-agent'] ?? '',
    parameters,
    ...(patchType ? { patchType } : {}),
    query,
    signal: http.signal,
  };
  // Who may not write costs no more than the look at that.
  const mayWrite = writes && (await isAllowed(dispatcher, asked));
  const decoded = mayWrite ? decodeBody(await http.body(), http.headers['content-type'], strict) : undefined;
  let body = decoded?.value;
  if (verb === 'delete' || verb === 'deletecollection') {
    const options = deleteOptions(query);
    if (body !== undefined && !isObject(body)) throw badRequest('the body of a deletion is a DeleteOptions object');
    body = { ...options, ...body };
  }
  if (isObject(body) && verb === 'delete' && Array.isArray(body['dryRun']) && body['dryRun'].length > 0)
    parameters.dryRun = true;
  const request: ResourceRequest = {
    ...asked,
    ...(body === undefined ? {} : { body }),
    ...(decoded?.duplicates ? { duplicates: decoded.duplicates } : {}),
  };
  const response = await dispatch(dispatcher, request);
  if (response.kind === 'connection') {
    if (!http.upgrade) throw badRequest('Upgrade request required');
    return { code: 101, headers: {}, body: '', takeOver: response.takeOver };
  }
  const rendered = render(request, response, representation, () => context.now());
  return {
    code: rendered.code,
    headers: {
      'content-type': rendered.contentType,
      'cache-control': 'no-cache, private',
      ...(rendered.warnings && rendered.warnings.length > 0
        ? { warning: rendered.warnings.map((warning) => `299 - ${JSON.stringify(warning)}`) }
        : {}),
    },
    body: rendered.body,
  };
}

/** What is refused is refused, and written down, by `dispatch`. */
async function isAllowed(dispatcher: Dispatcher, request: ResourceRequest): Promise<boolean> {
  return authorize(dispatcher, request).then(
    () => true,
    (error: unknown) => {
      if (error instanceof ApiError) return false;
      throw error;
    },
  );
}

/** Paths that are no resources: for reading only. */
async function document(handler: Handler, http: HttpRequest, url: URL, user: UserInfo): Promise<HttpAnswer> {
  const { dispatcher, discovery, openApi } = handler;
  const attributes = { user, verb: http.method.toLowerCase(), path: url.pathname };
  const decision = await dispatcher.authorizer.authorize(attributes);
  if (!decision.allowed) throw forbidden({ group: '', plural: '' }, '', refusal(attributes, decision.reason));
  if (http.method !== 'GET' && http.method !== 'HEAD') throw methodNotAllowed();
  const path = url.pathname.length > 1 ? url.pathname.replace(/\/$/, '') : url.pathname;
  const accept = http.headers['accept'];
  if (path === '/api' || path === '/apis') {
    const representation = negotiate(accept, ['APIGroupDiscoveryList']);
    if (representation.as === 'APIGroupDiscoveryList') {
      return json(discovery.aggregated(path, representation.version), representation.contentType);
    }
  }
  if (path === '/.well-known/openid-configuration') return json(OPENID_CONFIGURATION);
  if (path === '/openid/v1/jwks') return json(handler.authenticator.publicKeys(), 'application/jwk-set+json');
  if (path === '/openapi/v2') {
    if (accept !== undefined && !/json|\*\/\*/.test(accept)) throw notAcceptable('only application/json is served');
    return json(openApi.v2());
  }
  if (path === '/openapi/v3') return json(openApi.v3Index(), 'text/plain; charset=utf-8');
  if (path.startsWith('/openapi/v3/')) {
    const found = openApi.v3(path.slice('/openapi/v3/'.length));
    if (!found) throw noSuchResource();
    return json(found);
  }
  const found = discovery.document(path);
  if (!found) throw noSuchResource();
  return json(found);
}

const json = (value: object, contentType = 'application/json'): HttpAnswer => ({
  code: 200,
  headers: { 'content-type': contentType, 'cache-control': 'no-cache, private' },
  body: JSON.stringify(value),
});

const text = (code: number, body: string): HttpAnswer => ({ code, headers: { 'content-type': 'text/plain' }, body });

export function failure(error: ApiError): HttpAnswer {
  const seconds = error.status?.details?.retryAfterSeconds;
  return {
    code: error.code,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-cache, private',
      ...(seconds === undefined ? {} : { 'retry-after': String(seconds) }),
    },
    body: JSON.stringify(error.status),
  };
}
