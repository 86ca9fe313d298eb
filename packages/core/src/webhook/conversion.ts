// Answers ConversionReviews (apiextensions.k8s.io/v1): every version goes by way of its hub. Knows no HTTP.
import type { KubeObject } from '@stackwright/kube';
import { apiVersionOf } from '@stackwright/kube';
import type { Logger } from '../log.js';
import { scrub } from '../scrub/scrub.js';
import type { Webhook } from './webhook.js';

export interface ConversionRequest {
  uid: string;
  desiredAPIVersion: string;
  objects: readonly KubeObject[];
}

export interface ConversionResponse {
  uid: string;
  convertedObjects: KubeObject[];
  result: { status: 'Success' } | { status: 'Failed'; message: string };
}

export interface ConversionEnvironment {
  log: Logger;
  panicked: () => void;
}

/** All or nothing, as the API server wants it. Never throws: what goes wrong is in the answer. */
export function convert(
  webhooks: readonly Webhook[],
  request: ConversionRequest,
  environment: ConversionEnvironment,
): ConversionResponse {
  const steps = converting(webhooks, request, environment);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** The same, object by object: a list of thousands must not hold up all else. */
export function* converting(
  webhooks: readonly Webhook[],
  { uid, desiredAPIVersion, objects }: ConversionRequest,
  { log, panicked }: ConversionEnvironment,
): Generator<undefined, ConversionResponse> {
  try {
    const convertedObjects: KubeObject[] = [];
    for (const object of objects) {
      convertedObjects.push(convertOne(webhooks, object, desiredAPIVersion));
      yield;
    }
    return { uid, convertedObjects, result: { status: 'Success' } };
  } catch (error) {
    const message = scrub(error instanceof Error ? error.message : String(error));
    if (!(error instanceof UnknownVersion)) {
      panicked();
      log.error({ err: error, desiredAPIVersion }, 'Conversion panicked');
    }
    return { uid, convertedObjects: [], result: { status: 'Failed', message } };
  }
}

class UnknownVersion extends Error {}

function convertOne(webhooks: readonly Webhook[], object: KubeObject, desired: string): KubeObject {
  const { apiVersion = '', kind = '' } = object;
  if (apiVersion === desired) return object;
  const group = groupOf(apiVersion);
  const webhook = webhooks.find(({ resource }) => resource.kind === kind && resource.group === group);
  if (!webhook || groupOf(desired) !== group)
    throw new UnknownVersion(`${kind} of ${apiVersion} cannot become ${desired}`);
  const hubVersion = apiVersionOf(webhook.resource);
  const spokeOf = (version: string) => {
    const conversion = webhook.conversions.find(({ spoke }) => apiVersionOf(spoke) === version);
    if (!conversion) throw new UnknownVersion(`${kind}.${group} has no version ${version}`);
    return conversion;
  };
  const hub =
    apiVersion === hubVersion ? object : as(hubVersion, object, spokeOf(apiVersion).toHub(structuredClone(object)));
  return desired === hubVersion ? hub : as(desired, object, spokeOf(desired).fromHub(structuredClone(hub)));
}

/** The API server refuses an answer in which anything of the metadata but labels and annotations differs. */
function as(apiVersion: string, original: KubeObject, converted: KubeObject): KubeObject {
  const { labels: _, annotations: __, ...fixed } = original.metadata ?? {};
  const { labels, annotations } = converted.metadata ?? {};
  const metadata = { ...fixed, ...(labels && { labels }), ...(annotations && { annotations }) };
  return { ...converted, apiVersion, ...(original.kind !== undefined && { kind: original.kind }), metadata };
}

const groupOf = (apiVersion: string): string => (apiVersion.includes('/') ? (apiVersion.split('/', 1)[0] ?? '') : '');

/** Why a body is no request that can be answered, or undefined. */
export function problemOfConversion(review: unknown): string | undefined {
  const { kind, apiVersion, request } = (review ?? {}) as {
    kind?: unknown;
    apiVersion?: unknown;
    request?: Partial<ConversionRequest>;
  };
  if (kind !== 'ConversionReview' || apiVersion !== 'apiextensions.k8s.io/v1')
    return 'expected a ConversionReview of apiextensions.k8s.io/v1';
  if (typeof request?.uid !== 'string' || request.uid === '') return 'the request has no uid';
  if (typeof request.desiredAPIVersion !== 'string' || !Array.isArray(request.objects))
    return 'the request holds no desiredAPIVersion or no objects';
  return undefined;
}
