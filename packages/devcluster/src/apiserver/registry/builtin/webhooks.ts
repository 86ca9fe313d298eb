// The configurations of admission webhooks: their defaults and rules.
import type { MutatingWebhookConfiguration, ValidatingWebhookConfiguration } from '@stackwright/kube';
import type { MatchCondition, WebhookClientConfig } from 'kubernetes-types/admissionregistration/v1.d.ts';
import { compileExpression, ExpressionError } from '../../cel/expression.js';
import { field, type FieldError } from '../../errors.js';
import { nameProblems, qualifiedNameProblems } from '../../schema/formats.js';
import { requestEnvironment } from '../../webhooks/conditions.js';
import type { Rule } from '../../webhooks/match.js';
import type { Webhook } from '../../webhooks/review.js';
import type { Strategy } from '../resource.js';

type Configuration = Omit<MutatingWebhookConfiguration | ValidatingWebhookConfiguration, 'webhooks'> & {
  webhooks?: Webhook[];
};

function strategy(mutating: boolean): Strategy<Configuration> {
  return {
    requiresRevision: true,
    generationFields: ['webhooks'],
    defaults({ webhooks = [] }) {
      for (const webhook of webhooks) {
        webhook.failurePolicy ??= 'Fail';
        webhook.matchPolicy ??= 'Equivalent';
        webhook.namespaceSelector ??= {};
        webhook.objectSelector ??= {};
        webhook.timeoutSeconds ??= 10;
        if (mutating) webhook.reinvocationPolicy ??= 'Never';
        for (const rule of (webhook.rules ?? []) as Rule[]) rule.scope ??= '*';
        if (webhook.clientConfig?.service) webhook.clientConfig.service.port ??= 443;
      }
    },
    validate({ webhooks = [] }) {
      return webhooks.flatMap((webhook, index) => {
        const path = `webhooks[${index}]`;
        const errors = validateWebhook(webhook, path);
        if (webhooks.findIndex(({ name }) => name === webhook.name) < index)
          errors.push(field.duplicate(`${path}.name`, webhook.name));
        return errors;
      });
    },
  };
}

export const mutatingWebhookStrategy = strategy(true) as Strategy<MutatingWebhookConfiguration>;
export const validatingWebhookStrategy = strategy(false) as Strategy<ValidatingWebhookConfiguration>;

function validateWebhook(webhook: Webhook, path: string): FieldError[] {
  const { name, admissionReviewVersions, sideEffects, timeoutSeconds, failurePolicy, matchPolicy } = webhook;
  const errors: FieldError[] = [];
  const problem = nameProblems('subdomain', name)[0];
  if (problem) errors.push(field.invalid(`${path}.name`, name, problem));
  else if (name.split('.').length < 3)
    errors.push(
      field.invalid(`${path}.name`, name, 'should be a domain with at least three segments separated by dots'),
    );
  errors.push(...validateRules(webhook.rules ?? [], `${path}.rules`));
  if (failurePolicy !== 'Fail' && failurePolicy !== 'Ignore')
    errors.push(field.notSupported(`${path}.failurePolicy`, failurePolicy, ['Fail', 'Ignore']));
  if (matchPolicy !== 'Equivalent' && matchPolicy !== 'Exact')
    errors.push(field.notSupported(`${path}.matchPolicy`, matchPolicy, ['Equivalent', 'Exact']));
  const { reinvocationPolicy } = webhook;
  if (reinvocationPolicy !== undefined && !REINVOCATIONS.includes(reinvocationPolicy))
    errors.push(field.notSupported(`${path}.reinvocationPolicy`, reinvocationPolicy, REINVOCATIONS));
  if (sideEffects !== 'None' && sideEffects !== 'NoneOnDryRun')
    errors.push(field.notSupported(`${path}.sideEffects`, sideEffects, ['None', 'NoneOnDryRun']));
  if (timeoutSeconds !== undefined && (timeoutSeconds < 1 || timeoutSeconds > 30))
    errors.push(
      field.invalid(`${path}.timeoutSeconds`, timeoutSeconds, 'the timeout value must be between 1 and 30 seconds'),
    );
  errors.push(...validateClient(webhook.clientConfig, `${path}.clientConfig`));
  if (!admissionReviewVersions.includes('v1'))
    errors.push(
      field.invalid(`${path}.admissionReviewVersions`, admissionReviewVersions, 'must include at least one of v1'),
    );
  errors.push(...validateConditions(webhook.matchConditions ?? [], `${path}.matchConditions`));
  return errors;
}

const REINVOCATIONS = ['IfNeeded', 'Never'];
const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];

export function validateRules(rules: readonly Rule[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, rule] of rules.entries()) {
    for (const name of ['operations', 'apiGroups', 'apiVersions', 'resources'] as const) {
      const values = rule[name] ?? [];
      const place = `${path}[${index}].${name}`;
      if (values.length === 0) errors.push(field.required(place));
      if (values.length > 1 && values.includes('*') && name !== 'resources')
        errors.push(
          field.invalid(
            place,
            values,
            "if '*' is present, must not specify other " + (name === 'operations' ? 'operations' : 'values'),
          ),
        );
      if (name === 'apiVersions' || name === 'resources')
        for (const [position, value] of values.entries())
          if (value === '') errors.push(field.required(`${place}[${position}]`));
    }
    for (const [position, operation] of (rule.operations ?? []).entries())
      if (!OPERATIONS.includes(operation))
        errors.push(field.notSupported(`${path}[${index}].operations[${position}]`, operation, OPERATIONS));
    if (rule.scope !== undefined && !['*', 'Cluster', 'Namespaced'].includes(rule.scope))
      errors.push(field.notSupported(`${path}[${index}].scope`, rule.scope, ['*', 'Cluster', 'Namespaced']));
  }
  return errors;
}

export function validateClient({ url, service, caBundle }: WebhookClientConfig, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if ((url === undefined) === (service === undefined))
    errors.push(field.required(path, 'exactly one of url or service is required'));
  if (url !== undefined) {
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    if (parsed?.protocol !== 'https:')
      errors.push(
        field.invalid(
          `${path}.url`,
          url,
          `'https' is the only allowed URL scheme; desired format: https://host[/path]`,
        ),
      );
    else if (parsed.search || parsed.hash || parsed.username)
      errors.push(
        field.invalid(`${path}.url`, url, 'neither query parameters nor fragments nor user information are permitted'),
      );
  }
  for (const name of ['name', 'namespace'] as const)
    if (service && !service[name]) errors.push(field.required(`${path}.service.${name}`));
  if (service && (service.port ?? 443) !== Math.min(Math.max(Math.trunc(service.port ?? 443), 1), 65535))
    errors.push(
      field.invalid(`${path}.service.port`, service.port, 'port is not valid: must be between 1 and 65535, inclusive'),
    );
  if (
    caBundle !== undefined &&
    caBundle !== '' &&
    !Buffer.from(caBundle, 'base64').includes('-----BEGIN CERTIFICATE-----')
  )
    errors.push(
      field.invalid(
        `${path}.caBundle`,
        caBundle,
        'unable to load root certificates: unable to parse bytes as PEM block',
      ),
    );
  return errors;
}

export function validateConditions(
  conditions: readonly MatchCondition[],
  path: string,
  ...more: readonly string[]
): FieldError[] {
  const environment = requestEnvironment(...more);
  const named = validateConditionNames(conditions, path);
  const compiled = conditions.flatMap(({ expression }, index) => {
    const errors: FieldError[] = [];
    try {
      compileExpression(environment, expression, 'bool');
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      errors.push(field.invalid(`${path}[${index}].expression`, expression, error.message));
    }
    return errors;
  });
  return [...named, ...compiled];
}

export function validateConditionNames(conditions: readonly MatchCondition[], path: string): FieldError[] {
  return conditions.flatMap(({ name }, index) => {
    const place = `${path}[${index}].name`;
    if (!name) return [field.required(place)];
    const again = conditions.findIndex((other) => other.name === name) < index;
    return [
      ...qualifiedNameProblems(name).map((problem) => field.invalid(place, name, problem)),
      ...(again ? [field.duplicate(place, name)] : []),
    ];
  });
}
