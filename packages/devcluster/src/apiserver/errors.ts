// Every refusal of the server is an ApiError that carries the metav1.Status the client reads.
import { ApiError, type Status } from '@stackwright/kube';

/** What an error is about: "deployments.apps". */
export interface GroupResource {
  readonly group: string;
  readonly plural: string;
}

export interface GroupKind {
  readonly group: string;
  readonly kind: string;
}

type Details = NonNullable<Status['details']>;

export function statusError(code: number, reason: string, message: string, details?: Details): ApiError {
  const status: Status = {
    apiVersion: 'v1',
    kind: 'Status',
    metadata: {},
    status: 'Failure',
    message,
    ...(reason ? { reason } : {}),
    ...(details ? { details } : {}),
    code,
  };
  const retryAfter = details?.retryAfterSeconds;
  return new ApiError({
    code,
    reason,
    message,
    status,
    ...(retryAfter === undefined ? {} : { retryAfter: retryAfter * 1000 }),
  });
}

const qualified = (resource: GroupResource): string =>
  resource.group ? `${resource.plural}.${resource.group}` : resource.plural;

const about = (resource: GroupResource, name: string): Details => ({
  name,
  ...(resource.group ? { group: resource.group } : {}),
  kind: resource.plural,
});

export const badRequest = (message: string): ApiError => statusError(400, 'BadRequest', message);

export const unauthorized = (message = 'Unauthorized'): ApiError => statusError(401, 'Unauthorized', message);

export const forbidden = (resource: GroupResource, name: string, message: string): ApiError =>
  statusError(
    403,
    'Forbidden',
    resource.plural === ''
      ? `forbidden: ${message}`
      : `${qualified(resource)}${name ? ` "${name}"` : ''} is forbidden: ${message}`,
    about(resource, name),
  );

/** None of the protocols that a client offers for an upgraded connection is spoken here. */
export const forbiddenUpgrade = (offered: readonly string[], spoken: readonly string[]): ApiError =>
  statusError(
    403,
    'Forbidden',
    `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}], server accepts [${spoken.join(' ')}]`,
  );

export const notFound = (resource: GroupResource, name: string): ApiError =>
  statusError(404, 'NotFound', `${qualified(resource)} "${name}" not found`, about(resource, name));

/** No such path, or a resource that is not served. */
export const noSuchResource = (): ApiError =>
  statusError(404, 'NotFound', 'the server could not find the requested resource', {});

export const methodNotAllowed = (): ApiError =>
  statusError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {});

export const notAcceptable = (message: string): ApiError => statusError(406, 'NotAcceptable', message);

export const alreadyExists = (resource: GroupResource, name: string, terminating = false): ApiError =>
  statusError(
    409,
    'AlreadyExists',
    `${terminating ? 'object is being deleted: ' : ''}${qualified(resource)} "${name}" already exists`,
    about(resource, name),
  );

export const conflict = (resource: GroupResource, name: string, message: string): ApiError =>
  statusError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${message}`,
    about(resource, name),
  );

export const MODIFIED = 'the object has been modified; please apply your changes to the latest version and try again';

/** The history that a watch or a consistent page needs is gone. */
export const expired = (message: string): ApiError => statusError(410, 'Expired', message);

export const unsupportedMediaType = (message: string): ApiError => statusError(415, 'UnsupportedMediaType', message);

export const tooLarge = (message: string): ApiError => statusError(413, 'RequestEntityTooLarge', message);

export const tooManyRequests = (
  message: string,
  retryAfterSeconds: number,
  causes?: NonNullable<Details['causes']>,
): ApiError => statusError(429, 'TooManyRequests', message, { retryAfterSeconds, ...(causes ? { causes } : {}) });

export const internal = (message: string): ApiError =>
  statusError(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] });

/** What no code is meant for: a real server answers so, even where it is the client's fault. */
export const unknownError = (message: string): ApiError => statusError(500, '', message);

/** A revision that this server has not reached: the client must not see the past as the future. */
export const revisionTooLarge = (wanted: number, current: number): ApiError =>
  statusError(504, 'Timeout', `Timeout: Too large resource version: ${wanted}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });

/** One finding of validation, in the terms of apimachinery's field.Error. */
export interface FieldError {
  type:
    | 'FieldValueRequired'
    | 'FieldValueInvalid'
    | 'FieldValueTypeInvalid'
    | 'FieldValueNotSupported'
    | 'FieldValueForbidden'
    | 'FieldValueDuplicate'
    | 'FieldValueNotFound'
    | 'FieldValueTooLong'
    | 'FieldValueTooMany'
    | 'InternalError';
  field: string;
  /** Without the field: "Invalid value: -1: must be greater than or equal to 0". */
  message: string;
}

/** For findings whose value says nothing. */
export const OMITTED = Symbol('omitted');

const show = (value: unknown): string => (value === undefined ? '""' : JSON.stringify(value));

const invalidValue = (value: unknown, detail: string): string =>
  `Invalid value${value === OMITTED ? '' : `: ${show(value)}`}${detail ? `: ${detail}` : ''}`;

export const field = {
  required: (path: string, detail = ''): FieldError => ({
    type: 'FieldValueRequired',
    field: path,
    message: `Required value${detail ? `: ${detail}` : ''}`,
  }),
  invalid: (path: string, value: unknown, detail: string): FieldError => ({
    type: 'FieldValueInvalid',
    field: path,
    message: invalidValue(value, detail),
  }),
  typeInvalid: (path: string, value: unknown, detail: string): FieldError => ({
    type: 'FieldValueTypeInvalid',
    field: path,
    message: `Invalid value: ${show(value)}: ${detail}`,
  }),
  notSupported: (path: string, value: unknown, supported: readonly string[]): FieldError => ({
    type: 'FieldValueNotSupported',
    field: path,
    message: `Unsupported value: ${show(value)}: supported values: ${supported.map((item) => JSON.stringify(item)).join(', ')}`,
  }),
  forbidden: (path: string, detail: string): FieldError => ({
    type: 'FieldValueForbidden',
    field: path,
    message: `Forbidden: ${detail}`,
  }),
  duplicate: (path: string, value: unknown): FieldError => ({
    type: 'FieldValueDuplicate',
    field: path,
    message: `Duplicate value: ${show(value)}`,
  }),
  notFound: (path: string, value: unknown): FieldError => ({
    type: 'FieldValueNotFound',
    field: path,
    message: `Not found: ${show(value)}`,
  }),
  tooLong: (path: string, max: number): FieldError => ({
    type: 'FieldValueTooLong',
    field: path,
    message: `Too long: may not be more than ${max} bytes`,
  }),
  tooMany: (path: string, count: number, max: number): FieldError => ({
    type: 'FieldValueTooMany',
    field: path,
    message: `Too many: ${count}: must have at most ${max} items`,
  }),
} as const;

export function invalid(kind: GroupKind, name: string, errors: readonly FieldError[]): ApiError {
  const lines = [...new Set(errors.map((error) => `${error.field}: ${error.message}`))];
  const list = lines.length === 1 ? lines[0] : `[${lines.join(', ')}]`;
  return statusError(
    422,
    'Invalid',
    `${kind.group ? `${kind.kind}.${kind.group}` : kind.kind} "${name}" is invalid: ${list}`,
    {
      name,
      ...(kind.group ? { group: kind.group } : {}),
      kind: kind.kind,
      causes: errors.map((error) => ({ reason: error.type, message: error.message, field: error.field })),
    },
  );
}
