// An object as it can be made again from what was seen of it, where nobody keeps who has applied what.
import { Service, type KubeObject, type Resource } from '@stackwright/kube';
import { isSameResource } from '../declare/graph.js';
import type { Names } from '../declare/names.js';

/** Without what the server says of it, and what it allots. Without the note of what was applied, so that its step applies it whole. */
export function asMadeAnew(resource: Resource, object: Readonly<KubeObject>, { annotation }: Names): KubeObject {
  const { status: _status, metadata, ...fields } = object as Readonly<KubeObject> & { status?: unknown; spec?: object };
  const { name, namespace, labels, annotations, ownerReferences } = metadata ?? {};
  const noted = new Set([annotation.desiredHash, annotation.acceptedHash]);
  const kept = Object.entries(annotations ?? {}).filter(([key]) => !noted.has(key));
  const given = { name, namespace, labels, ownerReferences, annotations: Object.fromEntries(kept) };
  const said = Object.entries(given).filter(([, value]) => value !== undefined);
  return {
    ...fields,
    ...(isSameResource(resource, Service) ? { spec: asked(fields.spec) } : {}),
    metadata: Object.fromEntries(said),
  };
}

/** Addresses and ports of a Service may be another's by now. */
function asked(spec: object | undefined): object {
  const {
    clusterIP,
    clusterIPs: _addresses,
    healthCheckNodePort: _check,
    ports = [],
    ...rest
  } = (spec ?? {}) as NonNullable<Service['spec']>;
  return {
    ...rest,
    // A headless one asks for that.
    ...(clusterIP === 'None' ? { clusterIP } : {}),
    ports: ports.map(({ nodePort: _port, ...port }) => port),
  };
}
