// What a webhook is, as data: from the same declaration come the handlers, the paths, and the manifests that make the API
// server call them.
import type { Client, KubeObject, LabelSelector, Resource } from '@stackwright/kube';
import type { Logger } from '../log.js';
import type { Reader } from '../reader.js';
import type { Span } from '../tracing/tracer.js';

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE';

/** authentication.k8s.io/v1 UserInfo. */
export interface UserInfo {
  username?: string;
  uid?: string;
  groups?: readonly string[];
  extra?: Readonly<Record<string, readonly string[]>>;
}

export interface AdmissionContext {
  operation: Operation;
  /** Of this request. */
  uid: string;
  user: UserInfo;
  /** Nothing may be changed anywhere: the object will not be stored. */
  dryRun: boolean;
  /** Shown to whoever made the request; kubectl prints it. At most 256 characters are kept. */
  warn: (message: string) => void;
  client: Client;
  /** The process's caches. They may not be there yet: the request is then refused with 503. */
  cache: Reader;
  log: Logger;
  span: Span;
  /** Aborted when the API server does not wait any longer. */
  signal: AbortSignal;
}

/** What is wrong with an object. A text stands for `{ message }`. */
export interface Problem {
  /** Of the field, as users write it: "spec.replicas". */
  path?: string;
  message: string;
  /** metav1.CauseType. Default "FieldValueInvalid". */
  type?:
    | 'FieldValueInvalid'
    | 'FieldValueRequired'
    | 'FieldValueForbidden'
    | 'FieldValueDuplicate'
    | 'FieldValueNotSupported';
}

/** Problems refuse the request as invalid (422), with a cause each; none or nothing lets it pass. */
export type Verdict = readonly (string | Problem)[] | void;

/** Refuses a request for another reason than an invalid field. */
export class AdmissionDenied extends Error {
  override readonly name = 'AdmissionDenied';
  readonly code: number;
  readonly reason: string;

  /** `code` and `reason` of the answer that the user gets. Default: 403, "Forbidden". */
  constructor(message: string, { code = 403, reason = 'Forbidden' }: { code?: number; reason?: string } = {}) {
    super(message);
    this.code = code;
    this.reason = reason;
  }
}

/** Operations without a method are not sent by the API server. */
export interface Validator<T extends KubeObject> {
  create?(object: Readonly<T>, context: AdmissionContext): Verdict | Promise<Verdict>;
  update?(object: Readonly<T>, previous: Readonly<T>, context: AdmissionContext): Verdict | Promise<Verdict>;
  delete?(object: Readonly<T>, context: AdmissionContext): Verdict | Promise<Verdict>;
}

/**
 * Edits `draft`, or returns what is to be in its place. Must come to the same when it is applied to its own result:
 * the API server may call it again. Static defaults belong in the CRD's schema.
 */
export type Defaulter<T extends KubeObject> = (draft: T, context: AdmissionContext) => T | void | Promise<T | void>;

/**
 * How another served version of the kind becomes the one that the webhook is for (the hub, the one that code works
 * with) and back. Only the content counts: of the metadata, labels and annotations may be changed.
 */
export interface Conversion<Hub extends KubeObject, Spoke extends KubeObject> {
  toHub(object: Readonly<Spoke>): Hub;
  fromHub(object: Readonly<Hub>): Spoke;
}

export interface WebhookOptions {
  /** When the webhook cannot be reached: "Fail" refuses the request, "Ignore" lets it pass. Default "Fail". */
  failurePolicy?: 'Fail' | 'Ignore';
  /** Seconds that the API server waits, 1 to 30. Default 5. */
  timeoutSeconds?: number;
  /** "NoneOnDryRun": handlers change something outside, but not when `dryRun` is set. Default "None". */
  sideEffects?: 'None' | 'NoneOnDryRun';
  /** Only objects, or objects in namespaces, with these labels. Default: all. */
  objectSelector?: LabelSelector;
  namespaceSelector?: LabelSelector;
  /** CEL expressions that must all be true for the webhook to be called. */
  matchConditions?: readonly { name: string; expression: string }[];
  /** Whether the defaulter is called again when a later webhook has changed the object. Default "Never". */
  reinvocationPolicy?: 'Never' | 'IfNeeded';
}

/** One spoke of a hub, its type forgotten. */
export interface DeclaredConversion extends Conversion<KubeObject, KubeObject> {
  readonly spoke: Resource;
}

/** What is to happen to the objects of one kind. `newWebhook(Widget).default(…).validate(…).convert(…)`. */
export class Webhook<T extends KubeObject = KubeObject> {
  readonly resource: Resource<T>;
  readonly options: Readonly<WebhookOptions>;
  #validator: Validator<KubeObject> | undefined;
  #defaulter: Defaulter<KubeObject> | undefined;
  readonly #conversions: DeclaredConversion[] = [];

  constructor(resource: Resource<T>, options: WebhookOptions) {
    const { timeoutSeconds = 5 } = options;
    if (timeoutSeconds < 1 || timeoutSeconds > 30) throw new RangeError('timeoutSeconds is between 1 and 30');
    this.resource = resource;
    this.options = options;
  }

  /** Called after defaulting. A function stands for `{ create, update }`. */
  validate(
    validator: Validator<T> | ((object: Readonly<T>, context: AdmissionContext) => Verdict | Promise<Verdict>),
  ): this {
    if (this.#validator) throw new Error(`${this.resource.kind}: validate() was called twice`);
    const whole: Validator<T> =
      typeof validator === 'function'
        ? {
            create: (object, context) => validator(object, context),
            update: (object, _previous, context) => validator(object, context),
          }
        : validator;
    if (operationsOf(whole).length === 0) throw new Error(`${this.resource.kind}: the validator validates nothing`);
    this.#validator = whole;
    return this;
  }

  /** Called when an object is created or updated, before it is validated. */
  default(defaulter: Defaulter<T>): this {
    if (this.#defaulter) throw new Error(`${this.resource.kind}: default() was called twice`);
    this.#defaulter = defaulter as unknown as Defaulter<KubeObject>;
    return this;
  }

  /** Serves another version of the kind, too. */
  convert<S extends KubeObject>(spoke: Resource<S>, conversion: Conversion<T, S>): this {
    const { group, kind, version } = this.resource;
    if (spoke.group !== group || spoke.kind !== kind)
      throw new Error(`${spoke.kind}.${spoke.group} is no version of ${kind}.${group}`);
    if (spoke.version === version || this.#conversions.some((one) => one.spoke.version === spoke.version))
      throw new Error(`${kind}: there is a version ${spoke.version} already`);
    const erased = conversion as unknown as Conversion<KubeObject, KubeObject>;
    this.#conversions.push({
      spoke,
      toHub: (object) => erased.toHub(object),
      fromHub: (object) => erased.fromHub(object),
    });
    return this;
  }

  get validator(): Validator<KubeObject> | undefined {
    return this.#validator;
  }

  get defaulter(): Defaulter<KubeObject> | undefined {
    return this.#defaulter;
  }

  get conversions(): readonly DeclaredConversion[] {
    return this.#conversions;
  }
}

/** `resource`: in the version that handlers work with; the API server converts what was sent in another one. */
export function newWebhook<T extends KubeObject>(resource: Resource<T>, options: WebhookOptions = {}): Webhook<T> {
  return new Webhook(resource, options);
}

/** What the validator wants to be asked about. */
export function operationsOf(validator: Validator<KubeObject>): readonly Operation[] {
  const operations: Operation[] = [];
  if (validator.create) operations.push('CREATE');
  if (validator.update) operations.push('UPDATE');
  if (validator.delete) operations.push('DELETE');
  return operations;
}

/** Where the server takes requests, as controller-runtime names it: "/validate-apps-example-dev-v1-widget". */
export function pathOfWebhook(kind: 'validate' | 'mutate', { group, version, kind: name }: Resource): string {
  return `/${kind}-${group.replaceAll('.', '-')}-${version}-${name.toLowerCase()}`;
}

/** All conversions of a process have one path: their requests say what they are about. */
export const conversionPath = '/convert';
