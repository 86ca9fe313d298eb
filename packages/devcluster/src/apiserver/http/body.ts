// Bodies of requests: JSON, YAML, and protobuf of the built-in kinds.
import { ApiError } from '@stackwright/kube';
import { BODY_LIMIT, expectBounded } from '../bounds.js';
import { badRequest, tooLarge, unsupportedMediaType } from '../errors.js';
import type { PatchType } from '../request.js';
import { duplicatesOfJson, readYaml, type Duplicates } from './duplicates.js';
import { decodeProtobuf, PROTOBUF } from './protobuf.js';

const patchTypes: Record<string, PatchType> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};

export function patchTypeOf(contentType: string | undefined): PatchType {
  const type = mediaType(contentType);
  const found = patchTypes[type];
  if (!found) {
    throw unsupportedMediaType(
      `the body of the request was in an unknown format - accepted media types include: ${Object.keys(patchTypes).join(', ')}`,
    );
  }
  return found;
}

export interface Body {
  value: unknown;
  /** Looked for where that was asked for. */
  duplicates?: Duplicates | undefined;
}

/** `strict`: whether to look for fields that come twice. */
export function decodeBody(body: Uint8Array, contentType: string | undefined, strict: boolean): Body {
  if (body.length > BODY_LIMIT) throw tooLarge(`limit is ${BODY_LIMIT}`);
  if (body.length === 0) return { value: undefined };
  const type = mediaType(contentType);
  const text = new TextDecoder().decode(body);
  if (type === 'application/yaml' || type === 'application/apply-patch+yaml') {
    // JSON is YAML too; the JSON parser is many times faster.
    try {
      if (!text.trimStart().startsWith('{')) return readYaml(text, strict);
      const value = parseJson(text);
      expectBounded(value);
      const isSuspicious = strict && duplicatesOfJson(text, value) !== undefined;
      return { value, duplicates: isSuspicious ? readYaml(text, strict).duplicates : undefined };
    } catch (error) {
      if (error instanceof ApiError) throw error;
      throw badRequest(`error decoding YAML: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (type === '' || type === 'application/json' || type in patchTypes) {
    try {
      const value = parseJson(text);
      expectBounded(value);
      return { value, duplicates: strict ? duplicatesOfJson(text, value) : undefined };
    } catch (error) {
      if (error instanceof ApiError) throw error;
      throw badRequest(
        `the object provided is unrecognized: couldn't get version/kind; json parse error: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
  if (type === PROTOBUF) {
    const value = decodeProtobuf(body);
    expectBounded(value);
    return { value };
  }
  throw unsupportedMediaType(
    `the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, ${PROTOBUF}`,
  );
}

const parseJson = (text: string): unknown => JSON.parse(text);

export const mediaType = (contentType: string | undefined): string =>
  (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
