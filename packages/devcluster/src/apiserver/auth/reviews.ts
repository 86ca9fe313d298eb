// Questions about identity and permission, asked as objects: `kubectl auth whoami`, `kubectl auth can-i`.
import { defineResource, type KubeObject } from '@stackwright/kube';
import type { ServerContext } from '../context.js';
import type { SubresourceHandler } from '../dispatch.js';
import { at, isObject, stringAt, type ApiObject, type JsonObject } from '../json.js';
import { builtin } from '../registry/builtin/define.js';
import type { ServedResource } from '../registry/resource.js';
import type { ResourceRequest, UserInfo } from '../request.js';
import { decodeObject } from '../verbs/decode.js';
import type { Authenticator } from './authenticator.js';
import type { AuthorizationAttributes, Authorizer } from './authorizer.js';

const AUTHENTICATION = 'authentication.k8s.io';
const AUTHORIZATION = 'authorization.k8s.io';

export interface Review {
  resource: ServedResource;
  handle: SubresourceHandler;
}

/** Resources that are only ever created, and answered instead of stored. */
export function reviews(authenticator: Authenticator, authorizer: Authorizer): Review[] {
  const access = (user: (request: ResourceRequest, object: ApiObject) => UserInfo): StatusOf => {
    return async (request, object) => {
      const decision = await authorizer.authorize({ user: user(request, object), ...attributesOf(object) });
      return decision.allowed ? { allowed: true } : { allowed: false, reason: decision.reason };
    };
  };
  const subject = (_request: ResourceRequest, object: ApiObject): UserInfo => {
    const groups = at(object, 'spec', 'groups');
    return { name: stringAt(object, 'spec', 'user') ?? '', groups: Array.isArray(groups) ? groups.map(String) : [] };
  };
  return [
    review(AUTHENTICATION, 'SelfSubjectReview', 'selfsubjectreviews', false, async ({ user }) => ({
      userInfo: infoOf(user),
    })),
    review(AUTHENTICATION, 'TokenReview', 'tokenreviews', false, async (_request, object) => {
      const user = authenticator.authenticate(stringAt(object, 'spec', 'token') ?? '');
      return user
        ? { authenticated: true, user: infoOf(user) }
        : { authenticated: false, error: 'the token is not valid' };
    }),
    review(
      AUTHORIZATION,
      'SelfSubjectAccessReview',
      'selfsubjectaccessreviews',
      false,
      access(({ user }) => user),
    ),
    review(AUTHORIZATION, 'SubjectAccessReview', 'subjectaccessreviews', false, access(subject)),
    review(AUTHORIZATION, 'LocalSubjectAccessReview', 'localsubjectaccessreviews', true, access(subject)),
  ];
}

type StatusOf = (request: ResourceRequest, object: ApiObject) => Promise<JsonObject>;

function review(group: string, kind: string, plural: string, namespaced: boolean, status: StatusOf): Review {
  const resource: ServedResource = {
    ...builtin(defineResource<KubeObject>({ group, version: 'v1', kind, plural, namespaced })),
    verbs: ['create'],
  };
  return {
    resource,
    handle: async (_context: ServerContext, request: ResourceRequest) => {
      const object = decodeObject(request, request.body, []);
      return {
        kind: 'object',
        code: 201,
        object: { ...object, status: await status(request, object) },
        unchanged: true,
      };
    },
  };
}

function infoOf({ name, uid, groups }: UserInfo): JsonObject {
  return { username: name, ...(uid === undefined ? {} : { uid }), groups };
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
