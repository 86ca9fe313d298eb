// From a request for a resource to its answer: authorization, fault injection, the verb, and the audit log.
import { ApiError } from '@stackwright/kube';
import type { AuditSink } from './audit.js';
import { refusal, type Authorizer } from './auth/authorizer.js';
import type { ServerContext } from './context.js';
import { forbidden, internal, methodNotAllowed, notFound } from './errors.js';
import type { ApiObject } from './json.js';
import { ConnectionLost, type Interceptor } from './intercept.js';
import type { Subresource, Verb } from './registry/resource.js';
import { keyOfRequest, type ResourceRequest, type ResourceResponse } from './request.js';
import { apply } from './verbs/apply.js';
import { create } from './verbs/create.js';
import { remove, removeCollection } from './verbs/delete.js';
import { loadReadable } from './verbs/get.js';
import { list } from './verbs/list.js';
import { patch } from './verbs/patch.js';
import { update } from './verbs/update.js';
import { watch } from './verbs/watch.js';

/** A subresource that is not the object itself in another view: logs, tokens, scale. */
export type SubresourceHandler = (context: ServerContext, request: ResourceRequest) => Promise<ResourceResponse>;

export interface Dispatcher {
  context: ServerContext;
  authorizer: Authorizer;
  interceptors: Interceptor[];
  subresources: Map<Subresource, SubresourceHandler>;
  /** Resources that are answered and not stored, by their storage name. */
  reviews: Map<string, SubresourceHandler>;
  audit: Set<AuditSink>;
}

export async function dispatch(dispatcher: Dispatcher, request: ResourceRequest): Promise<ResourceResponse> {
  const { context, interceptors } = dispatcher;
  const start = context.now();
  try {
    await authorize(dispatcher, request);
    for (const interceptor of interceptors) await interceptor.before?.(request);
    let response = await handle(dispatcher, request);
    for (const interceptor of interceptors) response = (await interceptor.after?.(request, response)) ?? response;
    record(dispatcher, request, start, outcomeOf(response));
    return response;
  } catch (error) {
    const failure = error instanceof ApiError || error instanceof ConnectionLost ? error : unexpected(error);
    record(dispatcher, request, start, failure instanceof ApiError ? failure : { code: 0, reason: 'ConnectionLost' });
    throw failure;
  }
}

function outcomeOf(response: ResourceResponse): { code: number } {
  switch (response.kind) {
    case 'object':
      return response;
    case 'connection':
      return { code: 101 };
    case 'nothing':
      return { code: 204 };
    default:
      return { code: 200 };
  }
}

const CONNECTING = new Set(['exec', 'attach', 'portforward']);
const SELECTING: ReadonlySet<Verb> = new Set(['list', 'watch', 'deletecollection']);

/** Rejects with a 403 where the user may not do that. Looks at nothing of the body, so that it can come before that is decoded. */
export async function authorize({ authorizer, context }: Dispatcher, request: ResourceRequest): Promise<void> {
  const { resource, verb, user, namespace, name, subresource, parameters, patchType } = request;
  // Who lists or watches one object by its name may do so by a rule for that name. Others are not held to the selector.
  const selected = SELECTING.has(verb) ? parameters.fieldSelector : undefined;
  const named = name ?? /^metadata\.name==?([^,]+)$/.exec(selected ?? '')?.[1];
  const confirm = async (wanted: string): Promise<void> => {
    const attributes = {
      user,
      verb: wanted,
      resource: {
        group: resource.group,
        version: resource.version,
        plural: resource.plural,
        ...(subresource === undefined ? {} : { subresource }),
        ...(namespace === undefined ? {} : { namespace }),
        ...(named === undefined ? {} : { name: named }),
      },
    };
    const decision = await authorizer.authorize(attributes);
    if (!decision.allowed) throw forbidden(resource, name ?? '', refusal(attributes, decision.reason));
  };
  await confirm(verb);
  // A WebSocket begins as a GET, and is no less than the POST of older protocols.
  if (verb === 'get' && CONNECTING.has(subresource ?? '')) await confirm('create');
  // A write to what is not there yet creates it.
  const creates = (patchType === 'apply' || (verb === 'update' && resource.strategy.createOnUpdate)) && !subresource;
  if (creates && !context.store.get(resource.storage, keyOfRequest(request))) await confirm('create');
}

async function handle(dispatcher: Dispatcher, request: ResourceRequest): Promise<ResourceResponse> {
  const { context } = dispatcher;
  const { resource, subresource, verb } = request;
  if (subresource !== undefined) {
    if (!resource.subresources.includes(subresource as Subresource)) throw notFound(resource, request.name ?? '');
    const handler = dispatcher.subresources.get(subresource as Subresource);
    if (handler) return handler(context, request);
    if (verb !== 'get' && verb !== 'update' && verb !== 'patch') throw methodNotAllowed();
  } else if (!resource.verbs.includes(verb) && !(verb === 'create' && resource.custom)) {
    // Custom resources that may not be created just now say so themselves.
    throw methodNotAllowed();
  }
  const review = dispatcher.reviews.get(resource.storage);
  if (review) return review(context, request);
  switch (verb) {
    case 'get':
      return { kind: 'object', code: 200, object: await loadReadable(context, request) };
    case 'list':
      return list(context, request);
    case 'watch':
      return { kind: 'watch', events: watch(context, request) };
    case 'create':
      return create(context, request);
    case 'update':
      return update(context, request);
    case 'patch':
      return request.patchType === 'apply' ? apply(context, request) : patch(context, request);
    case 'delete':
      return remove(context, request);
    case 'deletecollection':
      return removeCollection(context, request);
  }
}

function record(
  { context, audit }: Dispatcher,
  request: ResourceRequest,
  start: number,
  outcome: { code: number; reason?: string; unchanged?: boolean; object?: ApiObject },
): void {
  if (audit.size === 0) return;
  const { resource, subresource, namespace, verb } = request;
  const name = request.name ?? outcome.object?.metadata.name;
  const { code, reason } = outcome;
  const now = context.now();
  const reads = verb === 'get' || verb === 'list' || verb === 'watch';
  const event = {
    time: new Date(now).toISOString(),
    user: (request.impersonator ?? request.user).name,
    ...(request.impersonator ? { impersonatedUser: request.user.name } : {}),
    userAgent: request.userAgent,
    verb,
    ...(resource.group ? { group: resource.group } : {}),
    resource: resource.plural,
    ...(subresource === undefined ? {} : { subresource }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    ...(request.parameters.dryRun ? { dryRun: true } : {}),
    code,
    ...(reason === undefined ? {} : { reason }),
    duration: now - start,
    changed: !reads && code >= 200 && code < 300 && !outcome.unchanged,
  };
  for (const sink of audit) sink(event);
}

function unexpected(error: unknown): ApiError {
  // A fault of the server itself: its stack belongs in the daemon's log, not in the client's answer.
  process.emitWarning(error instanceof Error ? error : String(error));
  return internal(error instanceof Error ? error.message : String(error));
}
