// Questions about identity and permission, asked as objects: `kubectl auth whoami`, `kubectl auth can-i`.
import { defineResource, type KubeObject } from '@stackwright/kube';
import type { ServerContext } from '../context.js';
import type { SubresourceHandler } from '../dispatch.js';
import { badRequest, field, invalid, type FieldError } from '../errors.js';
import { at, isObject, stringAt, type ApiObject, type JsonObject } from '../json.js';
import { builtin } from '../registry/builtin/define.js';
import type { ServedResource } from '../registry/resource.js';
import type { ResourceRequest, UserInfo } from '../request.js';
import { decodeObject } from '../verbs/decode.js';
import { ISSUER, type Authenticator } from './authenticator.js';
import type { AuthorizationAttributes, Authorizer } from './authorizer.js';

const AUTHENTICATION = 'authentication.k8s.io';
const AUTHORIZATION = 'authorization.k8s.io';

export interface Review {
  resource: ServedResource;
  handle: SubresourceHandler;
}

/** What is asked, and its answer; the status of the object that asks. */
interface Question {
  validate?: (object: ApiObject, request: ResourceRequest) => FieldError[];
  answer: (object: ApiObject, request: ResourceRequest) => JsonObject | Promise<JsonObject>;
}

/** Resources that are only ever created, and answered instead of stored. */
export function reviews(authenticator: Authenticator, authorizer: Authorizer): Review[] {
  const access = async (user: UserInfo, object: ApiObject): Promise<JsonObject> => {
    const decision = await authorizer.authorize({ user, ...attributesOf(object) });
    return { allowed: decision.allowed, ...(decision.reason ? { reason: decision.reason } : {}) };
  };
  return [
    review(AUTHENTICATION, 'SelfSubjectReview', 'selfsubjectreviews', {
      answer: (_object, { user }) => ({ userInfo: infoOf(user) }),
    }),
    review(AUTHENTICATION, 'TokenReview', 'tokenreviews', {
      validate: (object) => (stringAt(object, 'spec', 'token') ? [] : [field.required('spec.token')]),
      answer: (object) => tokenStatus(authenticator, object),
    }),
    review(AUTHORIZATION, 'SelfSubjectAccessReview', 'selfsubjectaccessreviews', {
      validate: oneAction,
      answer: (object, { user }) => access(user, object),
    }),
    review(AUTHORIZATION, 'SubjectAccessReview', 'subjectaccessreviews', {
      validate: (object) => [...oneAction(object), ...someSubject(object)],
      answer: (object) => access(subjectOf(object), object),
    }),
    review(AUTHORIZATION, 'LocalSubjectAccessReview', 'localsubjectaccessreviews', {
      namespaced: true,
      validate: (object, request) => [...oneAction(object), ...someSubject(object), ...sameNamespace(object, request)],
      answer: (object) => access(subjectOf(object), object),
    }),
    review(AUTHORIZATION, 'SelfSubjectRulesReview', 'selfsubjectrulesreviews', {
      answer: (object, { user }) => rulesStatus(authorizer, user, object),
    }),
  ];
}

function review(
  group: string,
  kind: string,
  plural: string,
  { namespaced = false, validate, answer }: Question & { namespaced?: boolean },
): Review {
  const resource: ServedResource = {
    ...builtin(defineResource<KubeObject>({ group, version: 'v1', kind, plural, namespaced })),
    verbs: ['create'],
  };
  return {
    resource,
    handle: async (_context: ServerContext, request: ResourceRequest) => {
      const object = decodeObject(request, request.body, []);
      const errors = validate?.(object, request) ?? [];
      if (errors.length > 0) throw invalid(resource, object.metadata.name ?? '', errors);
      const status = await answer(object, request);
      return { kind: 'object', code: 201, object: { ...object, status }, unchanged: true };
    },
  };
}

function infoOf({ name, uid, groups, extra }: UserInfo): JsonObject {
  return { username: name, ...(uid === undefined ? {} : { uid }), groups, ...(extra ? { extra } : {}) };
}

function tokenStatus(authenticator: Authenticator, object: ApiObject): JsonObject {
  const asked = strings(at(object, 'spec', 'audiences'));
  const found = authenticator.authenticate(
    stringAt(object, 'spec', 'token') ?? '',
    asked.length > 0 ? asked : [ISSUER],
  );
  if (!found) return { authenticated: false, user: {}, error: 'invalid bearer token, or not for these audiences' };
  return { authenticated: true, user: infoOf(found.user), audiences: found.audiences };
}

function rulesStatus(authorizer: Authorizer, user: UserInfo, object: ApiObject): JsonObject {
  const namespace = stringAt(object, 'spec', 'namespace');
  if (!namespace) throw badRequest('no namespace on request');
  const rules = authorizer.rules?.(user, namespace);
  return {
    resourceRules: (rules ?? [])
      .filter(({ resources }) => resources?.length)
      .map(({ verbs, apiGroups, resources, resourceNames }) => ({
        verbs,
        apiGroups,
        resources,
        ...(resourceNames?.length ? { resourceNames } : {}),
      })),
    nonResourceRules: (rules ?? [])
      .filter(({ nonResourceURLs }) => nonResourceURLs?.length)
      .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
    incomplete: rules === undefined,
    ...(rules === undefined ? { evaluationError: 'the authorizer does not support user rule resolution' } : {}),
  };
}

const strings = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

function subjectOf(object: ApiObject): UserInfo {
  return { name: stringAt(object, 'spec', 'user') ?? '', groups: strings(at(object, 'spec', 'groups')) };
}

function oneAction(object: ApiObject): FieldError[] {
  const both = at(object, 'spec', 'nonResourceAttributes') !== undefined;
  if ((at(object, 'spec', 'resourceAttributes') !== undefined) !== both) return [];
  const path = both ? 'spec.nonResourceAttributes' : 'spec.resourceAttributes';
  const value = both ? at(object, 'spec', 'nonResourceAttributes') : null;
  return [
    field.invalid(
      path,
      value,
      both
        ? 'cannot be specified in combination with resourceAttributes'
        : 'exactly one of nonResourceAttributes or resourceAttributes must be specified',
    ),
  ];
}

function someSubject(object: ApiObject): FieldError[] {
  const { name, groups } = subjectOf(object);
  return name || groups.length > 0
    ? []
    : [field.invalid('spec.user', name, 'at least one of user or group must be specified')];
}

function sameNamespace(object: ApiObject, { namespace = '' }: ResourceRequest): FieldError[] {
  const asked = stringAt(object, 'spec', 'resourceAttributes', 'namespace') ?? '';
  return asked === namespace
    ? []
    : [field.invalid('spec.resourceAttributes.namespace', asked, 'must match metadata.namespace')];
}

function attributesOf(object: ApiObject): Omit<AuthorizationAttributes, 'user'> {
  const resource = at(object, 'spec', 'resourceAttributes');
  if (!isObject(resource)) {
    return {
      verb: stringAt(object, 'spec', 'nonResourceAttributes', 'verb') ?? '',
      path: stringAt(object, 'spec', 'nonResourceAttributes', 'path') ?? '',
    };
  }
  const subresource = stringAt(resource, 'subresource');
  const namespace = stringAt(resource, 'namespace');
  const name = stringAt(resource, 'name');
  return {
    verb: stringAt(resource, 'verb') ?? '',
    resource: {
      group: stringAt(resource, 'group') ?? '',
      version: stringAt(resource, 'version') ?? '',
      plural: stringAt(resource, 'resource') ?? '',
      ...(subresource ? { subresource } : {}),
      ...(namespace ? { namespace } : {}),
      ...(name ? { name } : {}),
    },
  };
}
