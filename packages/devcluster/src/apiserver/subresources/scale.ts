// The scale subresource: the replicas of anything, as one kind.
import type { ServerContext } from '../context.js';
import { conflict, field, internal, invalid, methodNotAllowed } from '../errors.js';
import { at, clone, isObject, numberAt, set, stringAt, type ApiObject, type JsonObject } from '../json.js';
import type { ServedResource } from '../registry/resource.js';
import { ref } from '../schema/schema.js';
import { place } from '../verbs/create.js';
import { decodeObject } from '../verbs/decode.js';
import { trackUpdate } from '../apply/managers.js';
import type { ResourceRequest, ResourceResponse } from '../request.js';
import { loadReadable } from '../verbs/get.js';
import { managerOf } from '../verbs/manager.js';
import { decodePatched, patched } from '../verbs/patch.js';
import { replace, retryOnRace } from '../verbs/update.js';

export async function scale(context: ServerContext, request: ResourceRequest): Promise<ResourceResponse> {
  switch (request.verb) {
    case 'get':
      return { kind: 'object', code: 200, object: scaleOf(request, await loadReadable(context, request)) };
    case 'update':
    case 'patch':
      return rescale(context, request);
    default:
      throw methodNotAllowed();
  }
}

async function rescale(context: ServerContext, request: ResourceRequest): Promise<ResourceResponse> {
  const { resource } = request;
  const path = resource.scale?.specReplicas ?? [];
  const warnings: string[] = [];
  const response = await retryOnRace(context, request, async (old) => {
    const { metadata, spec } = wantedScale(request, scaleOf(request, old), warnings);
    const replicas = numberAt(spec, 'replicas') ?? 0;
    if (replicas < 0)
      throw invalid({ group: 'autoscaling', kind: 'Scale' }, request.name ?? '', [
        field.invalid('spec.replicas', replicas, 'must be greater than or equal to 0'),
      ]);
    if (metadata.uid && metadata.uid !== old.metadata.uid)
      throw conflict(
        { group: resource.group, plural: `${resource.plural}/scale` },
        request.name ?? '',
        `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${old.metadata.uid ?? ''}`,
      );
    const draft = clone(old);
    if (metadata.resourceVersion) draft.metadata.resourceVersion = metadata.resourceVersion;
    assign(draft, path, replicas);
    // To the object it is a write of its specification, though by way of its scale.
    const { subresource: _, ...main } = request;
    return replace(context, main, old, draft, warnings, () =>
      trackUpdate(resource, old, draft, managerOf(context, request)),
    );
  });
  if (response.kind !== 'object') throw internal('scale was not answered with an object');
  return { ...response, object: scaleOf(request, response.object) };
}

/** The Scale that the client asks for, checked as any object is. */
function wantedScale(request: ResourceRequest, before: ApiObject, warnings: string[]): ApiObject {
  const asScale: ResourceRequest = { ...request, resource: scaleKind(request.resource) };
  if (request.verb === 'update') {
    const draft = decodeObject(asScale, request.body, warnings);
    place(asScale, draft);
    return draft;
  }
  // Applied it is merged, too.
  const patchType = request.patchType === 'apply' ? 'merge' : request.patchType;
  const patch = { ...asScale, ...(patchType ? { patchType } : {}) };
  return decodePatched(patch, patched(patch, before), warnings);
}

/** Scale is a kind of its own, whatever it is the scale of. */
const scaleKind = (resource: ServedResource): ServedResource => ({
  ...resource,
  group: 'autoscaling',
  version: 'v1',
  kind: 'Scale',
  custom: false,
  strategy: {},
  schema: () => SCALE,
});

const SCALE = ref('io.k8s.api.autoscaling.v1.Scale');

function assign(object: JsonObject, path: readonly string[], value: unknown): void {
  let target = object;
  for (const name of path.slice(0, -1)) {
    if (!isObject(target[name])) set(target, name, {});
    target = target[name] as JsonObject;
  }
  set(target, path.at(-1) ?? '', value);
}

function scaleOf({ resource }: ResourceRequest, object: ApiObject): ApiObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const paths = resource.scale;
  const selector = paths?.selector ? at(object, ...paths.selector) : selectorText(at(object, 'spec', 'selector'));
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
    },
    spec: { replicas: numberAt(object, ...(paths?.specReplicas ?? [])) ?? 0 },
    status: {
      replicas: numberAt(object, ...(paths?.statusReplicas ?? [])) ?? 0,
      ...(typeof selector === 'string' && selector !== '' ? { selector } : {}),
    },
  };
}

/** A label selector in the form that query parameters take. */
export function selectorText(selector: unknown): string {
  const labels = at(selector, 'matchLabels');
  const parts = isObject(labels) ? Object.entries(labels).map(([name, value]) => `${name}=${String(value)}`) : [];
  const expressions = at(selector, 'matchExpressions');
  for (const expression of Array.isArray(expressions) ? (expressions as unknown[]) : []) {
    const key = stringAt(expression, 'key') ?? '';
    const values = at(expression, 'values');
    const list = Array.isArray(values) ? values.join(',') : '';
    switch (stringAt(expression, 'operator')) {
      case 'In':
        parts.push(`${key} in (${list})`);
        break;
      case 'NotIn':
        parts.push(`${key} notin (${list})`);
        break;
      case 'Exists':
        parts.push(key);
        break;
      case 'DoesNotExist':
        parts.push(`!${key}`);
        break;
      default:
    }
  }
  return parts.join(',');
}
