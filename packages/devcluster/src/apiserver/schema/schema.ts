// The schemas that the server works with: structural OpenAPI v3 schemas, of CRDs as given and of built-in kinds as read
// from their TypeScript types (definitions.ts).

export interface Schema {
  $ref?: string;
  description?: string;
  type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  format?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  required?: string[];
  nullable?: boolean;
  default?: unknown;
  enum?: unknown[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: boolean;
  exclusiveMaximum?: boolean;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  minProperties?: number;
  maxProperties?: number;
  multipleOf?: number;
  uniqueItems?: boolean;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  not?: Schema;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-int-or-string'?: boolean;
  'x-kubernetes-embedded-resource'?: boolean;
  'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  'x-kubernetes-list-map-keys'?: string[];
  'x-kubernetes-map-type'?: 'atomic' | 'granular';
  'x-kubernetes-patch-strategy'?: string;
  'x-kubernetes-patch-merge-key'?: string;
  'x-kubernetes-group-version-kind'?: { group: string; version: string; kind: string }[];
  'x-kubernetes-validations'?: ValidationRule[];
}

/** A rule in CEL about the values of a schema. */
export interface ValidationRule {
  rule: string;
  message?: string;
  /** An expression for the message; when it fails, `message` is used. */
  messageExpression?: string;
  reason?: 'FieldValueInvalid' | 'FieldValueForbidden' | 'FieldValueRequired' | 'FieldValueDuplicate';
  /** Where the error is reported, below the place of the rule: ".spec.size". */
  fieldPath?: string;
  /** `oldSelf` is an optional, and the rule holds for new values, too. */
  optionalOldSelf?: boolean;
}

/** "io.k8s.api.apps.v1.Deployment" → a reference to it, as the OpenAPI v3 documents write it. */
export const ref = (definition: string): Schema => ({ $ref: `#/components/schemas/${definition}` });

export const definitionOf = (reference: string): string => reference.slice(reference.lastIndexOf('/') + 1);

/** The schema of a field of an object with this schema; undefined when the field is not declared. */
export function fieldSchema(schema: Schema, name: string): Schema | undefined {
  if (schema.properties && Object.hasOwn(schema.properties, name)) return schema.properties[name];
  return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
}

/** Whether an object with this schema may have fields that are not declared. */
export function keepsUnknown(schema: Schema): boolean {
  return (
    schema['x-kubernetes-preserve-unknown-fields'] === true ||
    schema.additionalProperties === true ||
    (schema.type === undefined && !schema.properties && !schema['x-kubernetes-int-or-string'])
  );
}
