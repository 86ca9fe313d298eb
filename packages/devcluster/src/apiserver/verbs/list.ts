// Lists, whole or by pages that all show one and the same revision.
import type { ServerContext } from '../context.js';
import { badRequest, expired, field, invalid, revisionTooLarge, statusError } from '../errors.js';
import type { ApiObject } from '../json.js';
import { fromStorage } from '../registry/resource.js';
import type { ResourceRequest, ResourceResponse } from '../request.js';
import { selector } from '../selectors.js';
import { refuseWhileSettling } from './settling.js';
import { readable } from './versions.js';

interface Continue {
  /** The revision all pages show; 0 after an expired token: whatever is current. */
  revision: number;
  /** The key of the last object that was returned. */
  after: string;
}

export async function list(
  context: ServerContext,
  request: ResourceRequest,
): Promise<ResourceResponse & { kind: 'list' }> {
  refuseWhileSettling(context, request.resource);
  const { resource, parameters, namespace } = request;
  const { store } = context;
  const token = parameters.continue ? decodeContinue(parameters.continue) : undefined;
  const revision = revisionOf(request, token, store.revision);
  const stored =
    revision === undefined
      ? store.list(resource.storage, namespace)
      : store.listAt(resource.storage, revision, namespace);
  if (!stored) throw token ? expiredContinue(token) : tooOld(revision ?? 0, store.history(resource.storage).floor);

  const matches = selector(resource, parameters);
  const shown = revision ?? store.revision;
  await readable(resource, stored);
  const limit = parameters.limit ?? 0;
  const items: ApiObject[] = [];
  let last = token?.after;
  let remaining = 0;
  for (const object of stored) {
    const key = keyOf(object);
    if (token && key <= token.after) continue;
    if (limit > 0 && items.length === limit) {
      remaining += 1;
      continue;
    }
    const view = fromStorage(resource, object);
    if (matches && !matches(view)) continue;
    items.push(view);
    last = key;
  }
  return {
    kind: 'list',
    items,
    metadata: {
      resourceVersion: String(shown),
      ...(remaining > 0 ? { continue: encodeContinue({ revision: shown, after: last ?? '' }) } : {}),
      // With a selector the server would have to look at all of them to know.
      ...(remaining > 0 && !matches ? { remainingItemCount: remaining } : {}),
    },
  };
}

/** The revision that must be shown exactly; undefined: the current one. */
function revisionOf(request: ResourceRequest, token: Continue | undefined, current: number): number | undefined {
  const { resourceVersion, resourceVersionMatch, limit = 0 } = request.parameters;
  if (token) {
    if (resourceVersion && resourceVersion !== '0')
      throw badRequest('specifying resource version is not allowed when using continue');
    return token.revision === 0 ? undefined : token.revision;
  }
  if (resourceVersionMatch !== undefined && !resourceVersion) {
    throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', [
      field.forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided'),
    ]);
  }
  const wanted = parseRevision(resourceVersion);
  if (wanted > current) throw revisionTooLarge(wanted, current);
  // A page size without a word on how the revision is meant is taken for the first page of exactly that one.
  const exact = resourceVersionMatch === 'Exact' || (resourceVersionMatch === undefined && limit > 0 && wanted > 0);
  return exact ? wanted : undefined;
}

/** 0 for absent or "any". */
export function parseRevision(text: string | undefined): number {
  if (text === undefined || text === '') return 0;
  if (!/^\d+$/.test(text))
    throw badRequest(`Invalid value: "${text}": strconv.ParseUint: parsing "${text}": invalid syntax`);
  return Number(text);
}

export const tooOld = (wanted: number, floor: number) => expired(`too old resource version: ${wanted} (${floor})`);

function expiredContinue(token: Continue): Error {
  const error = statusError(
    410,
    'Expired',
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
  );
  if (error.status) error.status.metadata = { continue: encodeContinue({ revision: 0, after: token.after }) };
  return error;
}

const encodeContinue = (token: Continue): string =>
  Buffer.from(JSON.stringify([token.revision, token.after])).toString('base64url');

function decodeContinue(text: string): Continue {
  try {
    const [revision, after] = JSON.parse(Buffer.from(text, 'base64url').toString()) as unknown[];
    if (typeof revision === 'number' && typeof after === 'string') return { revision, after };
  } catch {
    // Said below.
  }
  throw badRequest('continue key is not valid');
}

const keyOf = ({ metadata }: ApiObject): string =>
  metadata.namespace ? `${metadata.namespace}/${metadata.name ?? ''}` : (metadata.name ?? '');
