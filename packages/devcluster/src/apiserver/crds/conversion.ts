// Conversion of custom objects between versions by the webhook of their CRD (ConversionReview).
import { randomUUID } from 'node:crypto';
import type { CustomResourceDefinition } from '@stackwright/kube';
import { internal } from '../errors.js';
import { clone, isObject, type ApiObject } from '../json.js';
import type { Conversion } from '../registry/resource.js';
import type { Schema } from '../schema/schema.js';
import type { WebhookCaller } from '../webhooks/client.js';
import { shaper } from './shape.js';

/** As long as a real server waits for a conversion. */
const TIMEOUT_SECONDS = 30;

/** All versions of one CRD, which share what has been converted. */
export class Converter {
  readonly #definition: CustomResourceDefinition;
  readonly #caller: WebhookCaller;
  readonly #storage: string;
  /** By object (those in the store never change), then by version. */
  readonly #converted = new WeakMap<ApiObject, Map<string, ApiObject>>();

  constructor(definition: CustomResourceDefinition, caller: WebhookCaller) {
    this.#definition = definition;
    this.#caller = caller;
    const { group, versions } = definition.spec;
    this.#storage = `${group}/${versions.find(({ storage }) => storage)?.name ?? ''}`;
  }

  /** Between this version, which has this schema, and the stored ones. */
  version(apiVersion: string, schema: Schema): Conversion {
    const shaped = shaper(schema, apiVersion);
    return {
      fromStorage: (stored) => shaped(this.#found(stored, apiVersion)),
      toStorage: (object) => this.#found(object, this.#storage),
      prepareRead: (stored) => this.#prepare(stored, apiVersion),
      prepareWrite: (object) => {
        // It may have changed since it was converted last.
        this.#converted.delete(object);
        return this.#prepare([object], this.#storage);
      },
    };
  }

  #found(object: ApiObject, apiVersion: string): ApiObject {
    if (object.apiVersion === apiVersion) return object;
    const found = this.#converted.get(object)?.get(apiVersion);
    // Changed by somebody else in the very moment: the client asks again, as after any conflict of this kind.
    if (!found) throw internal(`${this.#name} is being converted to ${apiVersion}`);
    return found;
  }

  #prepare(objects: readonly ApiObject[], apiVersion: string): Promise<void> | undefined {
    const missing = objects.filter(
      (object) => object.apiVersion !== apiVersion && !this.#converted.get(object)?.has(apiVersion),
    );
    return missing.length === 0 ? undefined : this.#convert(missing, apiVersion);
  }

  async #convert(objects: readonly ApiObject[], desiredAPIVersion: string): Promise<void> {
    const uid = randomUUID();
    let answer: unknown;
    try {
      answer = await this.#caller.post(
        this.#definition.spec.conversion?.webhook?.clientConfig ?? {},
        {
          apiVersion: 'apiextensions.k8s.io/v1',
          kind: 'ConversionReview',
          request: { uid, desiredAPIVersion, objects },
        },
        TIMEOUT_SECONDS,
      );
    } catch (error) {
      throw this.#failed((error as Error).message);
    }
    const converted = this.#objectsOf(answer, uid, objects, desiredAPIVersion);
    for (const [index, object] of objects.entries()) {
      const result = withMetadata(converted[index] as ApiObject, object);
      this.#converted.set(object, new Map(this.#converted.get(object)).set(desiredAPIVersion, result));
    }
  }

  #objectsOf(answer: unknown, uid: string, objects: readonly ApiObject[], wanted: string): ApiObject[] {
    const response = isObject(answer) && answer['kind'] === 'ConversionReview' ? answer['response'] : undefined;
    if (!isObject(response)) throw this.#failed('invalid response: the answer is no ConversionReview with a response');
    if (response['uid'] !== uid)
      throw this.#failed(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response['uid'])}`);
    const { result, convertedObjects } = response;
    if (!isObject(result) || result['status'] !== 'Success') {
      const message =
        isObject(result) && typeof result['message'] === 'string' ? result['message'] : 'without explanation';
      throw this.#failed(message);
    }
    const converted = Array.isArray(convertedObjects) ? (convertedObjects as ApiObject[]) : [];
    if (converted.length !== objects.length) {
      throw internal(
        `conversion webhook for ${this.#name} returned ${converted.length} objects, expected ${objects.length}`,
      );
    }
    for (const [index, object] of converted.entries()) this.#verify(object, objects[index] as ApiObject, wanted, index);
    return converted;
  }

  #verify(converted: ApiObject, original: ApiObject, apiVersion: string, index: number): void {
    const invalid = (problem: string) =>
      internal(`conversion webhook for ${this.#name} returned invalid converted object at index ${index}: ${problem}`);
    if (converted.apiVersion !== apiVersion)
      throw invalid(`invalid groupVersion (expected ${apiVersion}, received ${String(converted.apiVersion)})`);
    if (converted.kind !== original.kind)
      throw invalid(`invalid kind (expected ${String(original.kind)}, received ${String(converted.kind)})`);
    for (const name of ['name', 'namespace', 'uid'] as const) {
      if (converted.metadata?.[name] !== original.metadata[name])
        throw invalid(
          `must have the same ${name}: ${String(converted.metadata?.[name])} != ${String(original.metadata[name])}`,
        );
    }
  }

  #failed = (message: string): Error => internal(`conversion webhook for ${this.#name} failed: ${message}`);

  get #name(): string {
    return `${this.#storage}, Kind=${this.#definition.spec.names.kind}`;
  }
}

/** Labels and annotations are all that a conversion may change of the metadata. */
function withMetadata(converted: ApiObject, original: ApiObject): ApiObject {
  const { labels: _labels, annotations: _annotations, ...kept } = original.metadata;
  const { labels, annotations } = converted.metadata;
  return {
    ...converted,
    metadata: { ...clone(kept), ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) },
  };
}
