// ValidatingAdmissionPolicies, by way of the bindings that put them to use.
import {
  matchesSelector,
  type ValidatingAdmissionPolicy,
  type ValidatingAdmissionPolicyBinding,
} from '@stackwright/kube';
import type { MatchResources } from 'kubernetes-types/admissionregistration/v1.d.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.js';
import { dynamic } from '../cel/types.js';
import type { ServerContext } from '../context.js';
import { forbidden, statusError } from '../errors.js';
import type { ApiObject } from '../json.js';
import type { ServedResource } from '../registry/resource.js';
import { convertObject, view } from '../verbs/versions.js';
import { namespaceVariable, requestOf, requestVariables } from '../webhooks/conditions.js';
import { match, type Matcher } from '../webhooks/match.js';
import { CompiledPolicy, PolicyFailure, type Finding } from './policy.js';

export const POLICIES = 'admissionregistration.k8s.io/validatingadmissionpolicies';
export const BINDINGS = 'admissionregistration.k8s.io/validatingadmissionpolicybindings';

export function policies(context: ServerContext): AdmissionPlugin {
  return {
    name: 'ValidatingAdmissionPolicy',
    validate(attributes) {
      const bindings = context.store.list(BINDINGS);
      return bindings.length === 0
        ? undefined
        : enforce(context, bindings as ValidatingAdmissionPolicyBinding[], attributes);
    },
  };
}

async function enforce(
  context: ServerContext,
  bindings: readonly ValidatingAdmissionPolicyBinding[],
  attributes: AdmissionAttributes,
): Promise<void> {
  const seen = new Map<ServedResource, Promise<Record<string, unknown>>>();
  /** What expressions see of the request: the same for all policies that look at it in one version. */
  const variablesFor = (resource: ServedResource): Promise<Record<string, unknown>> => {
    const variables = seen.get(resource) ?? variablesOf(context, resource, attributes);
    seen.set(resource, variables);
    return variables;
  };
  for (const binding of bindings) {
    const stored = context.store.get(POLICIES, binding.spec?.policyName ?? '');
    const policy = stored as ValidatingAdmissionPolicy | undefined;
    if (!stored || !policy?.spec) continue;
    const resource = match(context, matcherOf(policy.spec.matchConstraints), attributes);
    if (
      !resource ||
      (binding.spec?.matchResources && !match(context, matcherOf(binding.spec.matchResources), attributes))
    )
      continue;
    const findings = await findingsOf(context, {
      policy,
      stored,
      binding,
      attributes,
      variables: await variablesFor(resource),
    });
    const by = `ValidatingAdmissionPolicy '${stored.metadata.name ?? ''}' with binding '${binding.metadata?.name ?? ''}'`;
    const actions = binding.spec?.validationActions ?? [];
    for (const { message } of actions.includes('Warn') ? findings : [])
      attributes.warnings.push(`Validation failed for ${by}: ${message}`);
    const [first] = findings;
    if (first && actions.includes('Deny'))
      throw denied(attributes, `${by} denied request: ${first.message}`, first.reason);
  }
}

/** Rules of a binding may be left out: it goes for whatever the policy is about. */
const EVERYTHING = [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }];

const matcherOf = (constraints: MatchResources | undefined): Matcher => ({
  rules: constraints?.resourceRules?.length ? constraints.resourceRules : EVERYTHING,
  exclude: constraints?.excludeResourceRules ?? [],
  matchPolicy: constraints?.matchPolicy,
  namespaceSelector: constraints?.namespaceSelector,
  objectSelector: constraints?.objectSelector,
});

interface Case {
  policy: ValidatingAdmissionPolicy;
  stored: ApiObject;
  binding: ValidatingAdmissionPolicyBinding;
  attributes: AdmissionAttributes;
  /** Of the object in the version that the policy names. */
  variables: Readonly<Record<string, unknown>>;
}

async function variablesOf(
  context: ServerContext,
  resource: ServedResource,
  attributes: AdmissionAttributes,
): Promise<Record<string, unknown>> {
  const shown = async (object: Readonly<ApiObject> | undefined) =>
    object && (await convertObject(attributes.resource, resource, object));
  return {
    ...requestVariables(
      { resource, object: await shown(attributes.object), oldObject: await shown(attributes.oldObject) },
      requestOf(attributes, resource),
    ),
    namespaceObject: namespaceVariable(context, attributes),
    params: null,
  };
}

const compiled = new WeakMap<object, CompiledPolicy>();

async function findingsOf(context: ServerContext, given: Case): Promise<Finding[]> {
  const { policy, stored, variables } = given;
  const failed = ({ message }: PolicyFailure): Finding[] =>
    policy.spec?.failurePolicy === 'Ignore' ? [] : [{ message, reason: 'Invalid' }];
  try {
    let found = compiled.get(stored);
    if (!found) compiled.set(stored, (found = new CompiledPolicy(policy.spec ?? {})));
    if (!found.matches(variables)) return [];
    const findings: Finding[] = [];
    for (const params of await parametersOf(context, given)) {
      findings.push(...found.evaluate({ ...variables, params: dynamic.value(params) }, failed));
    }
    return findings;
  } catch (error) {
    if (!(error instanceof PolicyFailure)) throw error;
    return failed(error);
  }
}

/** The objects that the policy is to be asked about with, each on its own; null where it takes none. */
async function parametersOf(
  { registry, store }: ServerContext,
  { policy, binding, attributes }: Case,
): Promise<unknown[]> {
  const { paramKind } = policy.spec ?? {};
  const { paramRef } = binding.spec ?? {};
  if (!paramKind || !paramRef) return [null];
  const [group, version] = paramKind.apiVersion?.includes('/')
    ? paramKind.apiVersion.split('/')
    : ['', paramKind.apiVersion];
  const resource = registry.byKind(group ?? '', version ?? '', paramKind.kind ?? '');
  if (!resource) throw new PolicyFailure(`failed to configure policy: paramKind ${paramKind.kind ?? ''} is not served`);
  const namespace = resource.namespaced ? (paramRef.namespace ?? attributes.namespace ?? '') : undefined;
  const { name, selector } = paramRef;
  const found = store
    .list(resource.storage, namespace)
    .filter(({ metadata }) =>
      name === undefined ? matchesSelector(selector, metadata.labels) : metadata.name === name,
    );
  if (found.length === 0) {
    if (paramRef.parameterNotFoundAction === 'Allow') return [];
    throw new PolicyFailure('no params found for policy binding with `Deny` parameterNotFoundAction');
  }
  return Promise.all(found.map((object) => view(resource, object)));
}

const CODES: Readonly<Record<string, number>> = {
  Unauthorized: 401,
  Forbidden: 403,
  Invalid: 422,
  RequestEntityTooLarge: 413,
};

/** Whatever the reason, the message is that of something forbidden. */
function denied({ resource, name }: AdmissionAttributes, message: string, reason: string): Error {
  const { status } = forbidden(resource, name, message);
  const code = CODES[reason] ?? 422;
  return statusError(code, reason, status?.message ?? message, { ...status?.details, causes: [{ message }] });
}
