// One webhook asked about one request, and what its answer means.
import { randomUUID } from 'node:crypto';
import type { ApiError, Status } from '@stackwright/kube';
import type { MutatingWebhook, ValidatingWebhook } from 'kubernetes-types/admissionregistration/v1.d.ts';
import type { AdmissionAttributes } from '../admission.js';
import { compileExpression, type Expression } from '../cel/expression.js';
import type { ServerContext } from '../context.js';
import { badRequest, internal, statusError } from '../errors.js';
import { isObject, type ApiObject } from '../json.js';
import { jsonPatch } from '../patch/json-patch.js';
import { convertObject } from '../verbs/versions.js';
import type { WebhookCaller } from './client.js';
import { allHold, requestEnvironment, requestOf, requestVariables, type Shown } from './conditions.js';
import { match } from './match.js';

export type Webhook = (MutatingWebhook | ValidatingWebhook) & Partial<Pick<MutatingWebhook, 'reinvocationPolicy'>>;

/** The object as the webhook wants it; undefined when it leaves it alone, or has nothing to do with the request. */
export async function review(
  context: ServerContext,
  caller: WebhookCaller,
  webhook: Webhook,
  attributes: AdmissionAttributes,
): Promise<ApiObject | undefined> {
  const resource = match(context, { ...webhook, rules: webhook.rules ?? [] }, attributes);
  if (!resource) return undefined;
  const convert = (object: Readonly<ApiObject> | undefined) =>
    object && convertObject(attributes.resource, resource, object);
  const shown: Shown = {
    resource,
    object: await convert(attributes.object),
    oldObject: await convert(attributes.oldObject),
  };
  const request = { uid: randomUUID() as string, ...requestOf(attributes, resource) };
  if (!conditionsHold(webhook, shown, request)) return undefined;
  if (attributes.dryRun && webhook.sideEffects !== 'None' && webhook.sideEffects !== 'NoneOnDryRun') {
    throw badRequest(`admission webhook ${JSON.stringify(webhook.name)} does not support dry run`);
  }
  const response = await ask(caller, webhook, {
    ...request,
    object: shown.object ?? null,
    oldObject: shown.oldObject ?? null,
  });
  if (!response) return undefined;
  attributes.warnings.push(...(response.warnings ?? []));
  if (!response.allowed) throw denied(webhook.name, response.status);
  if (response.patch === undefined) return undefined;
  if (!isObject(shown.object))
    throw internal(
      `admission webhook ${JSON.stringify(webhook.name)} attempted to modify the object, which is not supported for this operation`,
    );
  const patched = patch(webhook, shown.object, response) as ApiObject;
  return convertObject(resource, attributes.resource, patched);
}

interface Response {
  uid: string;
  allowed: boolean;
  status?: Partial<Status>;
  patch?: string;
  patchType?: string;
  warnings?: string[];
}

/** Undefined when it could not be asked, and that is no reason to refuse. */
async function ask(
  caller: WebhookCaller,
  webhook: Webhook,
  request: Record<string, unknown>,
): Promise<Response | undefined> {
  const { name, clientConfig, timeoutSeconds = 10 } = webhook;
  try {
    const answer = await caller.post(
      clientConfig,
      { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request },
      timeoutSeconds,
    );
    return responseOf(answer, String(request['uid']));
  } catch (error) {
    if (webhook.failurePolicy === 'Ignore') return undefined;
    throw internal(
      `failed calling webhook ${JSON.stringify(name)}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function responseOf(answer: unknown, uid: string): Response {
  const bad = (problem: string): Error => new Error(`received invalid webhook response: ${problem}`);
  if (!isObject(answer) || answer['apiVersion'] !== 'admission.k8s.io/v1' || answer['kind'] !== 'AdmissionReview') {
    const given = isObject(answer) ? `${String(answer['apiVersion'])}, Kind=${String(answer['kind'])}` : typeof answer;
    throw bad(`expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${given}`);
  }
  const { response } = answer;
  if (!isObject(response)) throw bad('response is missing');
  if (response['uid'] !== uid)
    throw bad(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response['uid'])}`);
  const { patch: changes, patchType } = response;
  if (changes !== undefined && patchType !== 'JSONPatch') {
    throw bad(`expected response.patchType=JSONPatch, got ${JSON.stringify(patchType ?? '')}`);
  }
  return response as unknown as Response;
}

function patch(webhook: Webhook, object: object, response: Response): object {
  try {
    return jsonPatch(object, JSON.parse(Buffer.from(response.patch ?? '', 'base64').toString()) as unknown[]);
  } catch (error) {
    throw internal(
      `failed to apply the patch of admission webhook ${JSON.stringify(webhook.name)}: ${(error as Error).message}`,
    );
  }
}

/** The status of the webhook, made into an error whatever it is. */
function denied(name: string, status: Partial<Status> | undefined): ApiError {
  const by = `admission webhook ${JSON.stringify(name)} denied the request`;
  const said = status?.message || status?.reason;
  const code = status?.code !== undefined && status.code >= 400 ? status.code : 400;
  return statusError(
    code,
    status?.reason ?? '',
    said ? `${by}: ${said}` : `${by} without explanation`,
    status?.details,
  );
}

const compiled = new WeakMap<object, Expression[]>();

function conditionsHold(webhook: Webhook, shown: Shown, request: object): boolean {
  const { matchConditions = [] } = webhook;
  if (matchConditions.length === 0) return true;
  let expressions = compiled.get(webhook);
  if (!expressions) {
    const environment = requestEnvironment();
    expressions = matchConditions.map(({ expression }) => compileExpression(environment, expression, 'bool'));
    compiled.set(webhook, expressions);
  }
  const variables = requestVariables(shown, request);
  try {
    return allHold(expressions, (expression) => expression.evaluate(variables));
  } catch (error) {
    if (webhook.failurePolicy === 'Ignore') return false;
    throw internal(
      `failed calling webhook ${JSON.stringify(webhook.name)}: error evaluating match conditions: ${(error as Error).message}`,
    );
  }
}
