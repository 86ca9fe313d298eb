// Answers AdmissionReviews (admission.k8s.io/v1). Knows no HTTP.
import { ApiError, qualifiedName, type Client, type KubeObject } from '@stackwright/kube';
import jsonpatch from 'fast-json-patch';
import { CacheNotSyncedError } from '../cache/cache.js';
import type { Logger } from '../log.js';
import type { Reader } from '../reader.js';
import { scrub } from '../scrub/scrub.js';
import { unlessAborted } from '../seams/wait.js';
import type { Span } from '../tracing/tracer.js';
import {
  AdmissionDenied,
  type AdmissionContext,
  type Operation,
  type Problem,
  type UserInfo,
  type Verdict,
  type Webhook,
} from './webhook.js';

export interface AdmissionRequest {
  uid: string;
  operation: Operation | 'CONNECT';
  name?: string;
  namespace?: string;
  subResource?: string;
  userInfo?: UserInfo;
  dryRun?: boolean;
  object?: KubeObject | null;
  oldObject?: KubeObject | null;
}

export interface AdmissionResponse {
  uid: string;
  allowed: boolean;
  status?: {
    code: number;
    reason: string;
    message: string;
    details?: {
      name?: string;
      group: string;
      kind: string;
      causes: { reason: string; message: string; field?: string }[];
    };
  };
  /** Base64. */
  patch?: string;
  patchType?: 'JSONPatch';
  warnings?: string[];
}

export interface AdmissionEnvironment {
  client: Client;
  cache: Reader;
  log: Logger;
  span: Span;
  signal: AbortSignal;
  /** A handler threw what only a bug throws. */
  panicked: () => void;
}

const maxWarning = 256;

/** Runs the defaulter ("mutate") or the validator. Never rejects: what goes wrong is in the answer. */
export async function admit(
  webhook: Webhook,
  part: 'validate' | 'mutate',
  request: AdmissionRequest,
  environment: AdmissionEnvironment,
): Promise<AdmissionResponse> {
  const { uid } = request;
  const warnings: string[] = [];
  let answer: Omit<AdmissionResponse, 'uid'>;
  try {
    const context = contextOf(request, environment, warnings);
    answer =
      context === undefined
        ? { allowed: true }
        : await unlessAborted((part === 'mutate' ? mutate : validate)(webhook, request, context), environment.signal);
  } catch (error) {
    answer = refusalOf(error, environment);
  }
  return { uid, ...answer, ...(warnings.length > 0 && { warnings }) };
}

/** Undefined for what nobody asked to be sent: it passes. */
function contextOf(
  { uid, operation, userInfo = {}, dryRun = false }: AdmissionRequest,
  { client, cache, log, span, signal }: AdmissionEnvironment,
  warnings: string[],
): AdmissionContext | undefined {
  if (operation === 'CONNECT') return undefined;
  const warn = (message: string) => void warnings.push(message.slice(0, maxWarning));
  return { operation, uid, user: userInfo, dryRun, warn, client, cache, log, span, signal };
}

async function mutate(
  webhook: Webhook,
  { object }: AdmissionRequest,
  context: AdmissionContext,
): Promise<Omit<AdmissionResponse, 'uid'>> {
  if (!object || !webhook.defaulter) return { allowed: true };
  // Made from what was sent, not from what a type knows of it: unknown fields are left alone.
  const draft = structuredClone(object);
  const patch = jsonpatch.compare(object, (await webhook.defaulter(draft, context)) ?? draft);
  if (patch.length === 0) return { allowed: true };
  return { allowed: true, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') };
}

async function validate(
  webhook: Webhook,
  request: AdmissionRequest,
  context: AdmissionContext,
): Promise<Omit<AdmissionResponse, 'uid'>> {
  const { object, oldObject } = request;
  const verdict = await verdictOn(webhook, object ?? undefined, oldObject ?? undefined, context);
  if (!verdict || verdict.length === 0) return { allowed: true };
  const { kind, group } = webhook.resource;
  const name = request.name ?? object?.metadata?.name;
  const problems = verdict.map((one): Problem => (typeof one === 'string' ? { message: one } : one));
  const texts = problems.map(({ path, message }) => (path === undefined ? message : `${path}: ${message}`));
  const list = texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
  return {
    allowed: false,
    status: {
      code: 422,
      reason: 'Invalid',
      message: scrub(`${group ? `${kind}.${group}` : kind} "${name ?? ''}" is invalid: ${list}`),
      details: {
        ...(name !== undefined && { name }),
        group,
        kind,
        causes: problems.map(({ path, message, type = 'FieldValueInvalid' }) => ({
          reason: type,
          message: scrub(message),
          ...(path !== undefined && { field: path }),
        })),
      },
    },
  };
}

async function verdictOn(
  { validator }: Webhook,
  object: KubeObject | undefined,
  previous: KubeObject | undefined,
  context: AdmissionContext,
): Promise<Verdict> {
  switch (context.operation) {
    case 'CREATE':
      return object && validator?.create?.(object, context);
    case 'UPDATE':
      return object && previous && validator?.update?.(object, previous, context);
    case 'DELETE':
      return previous && validator?.delete?.(previous, context);
  }
}

function refusalOf(
  error: unknown,
  { log, span, signal, panicked }: AdmissionEnvironment,
): Omit<AdmissionResponse, 'uid'> {
  const refuse = (code: number, reason: string, message: string) => ({
    allowed: false,
    status: { code, reason, message: scrub(message) },
  });
  if (error instanceof AdmissionDenied) return refuse(error.code, error.reason, error.message);
  span.fail(error);
  if (error instanceof CacheNotSyncedError) return refuse(503, 'ServiceUnavailable', `${error.message}, try again`);
  if (error instanceof ApiError) {
    log.warn({ err: error }, 'Webhook could not ask the API server');
    return error.code > 0
      ? refuse(error.code, error.reason, error.message)
      : refuse(503, 'ServiceUnavailable', error.message);
  }
  if (signal.aborted && error === signal.reason) return refuse(504, 'Timeout', 'the webhook took too long');
  panicked();
  log.error({ err: error }, 'Webhook panicked');
  return refuse(500, 'InternalError', `panic: ${error instanceof Error ? error.message : String(error)} [recovered]`);
}

/** Why a body is no request that can be answered, or undefined. */
export function problemOfReview(review: unknown, webhook: Webhook): string | undefined {
  const { kind, apiVersion, request } = (review ?? {}) as {
    kind?: unknown;
    apiVersion?: unknown;
    request?: Partial<AdmissionRequest>;
  };
  if (kind !== 'AdmissionReview' || apiVersion !== 'admission.k8s.io/v1')
    return 'expected an AdmissionReview of admission.k8s.io/v1';
  if (typeof request !== 'object' || request === null) return 'the AdmissionReview holds no request';
  if (typeof request.uid !== 'string' || request.uid === '') return 'the request has no uid';
  const sent = request.object ?? request.oldObject;
  if (sent?.kind !== undefined && sent.kind !== webhook.resource.kind)
    return `this is the webhook of ${qualifiedName(webhook.resource)}, not of ${sent.kind}`;
  return undefined;
}
