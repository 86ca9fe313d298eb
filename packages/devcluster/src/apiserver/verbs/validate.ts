// Everything that makes an object invalid (422), in one go, so that the client sees all of it at once.
import type { ServerContext } from '../context.js';
import { field, invalid, type FieldError } from '../errors.js';
import { at, isObject, type ApiObject } from '../json.js';
import type { ServedResource, StrategyContext } from '../registry/resource.js';
import { resolve } from '../schema/definitions.js';
import { validateMetadata } from '../schema/names.js';
import type { Schema } from '../schema/schema.js';

export function validateObject(
  context: StrategyContext,
  resource: ServedResource,
  object: ApiObject,
  old: ApiObject | undefined,
): void {
  const errors = validateMetadata(object, resource.nameRule);
  if (!resource.custom) errors.push(...missing(resource.schema(), object, ''));
  // What is missing would only be reported again, less clearly, by what looks deeper.
  if (errors.length === 0 || resource.custom) errors.push(...(resource.strategy.validate?.(object, old, context) ?? []));
  if (errors.length > 0) throw invalid(resource, object.metadata.name ?? '', errors);
}

/** Required fields of built-in kinds that are not there. Status is the controllers' business, and theirs to fill. */
function missing(given: Schema, value: unknown, path: string): FieldError[] {
  const schema = resolve(given);
  if (Array.isArray(value)) {
    const { items } = schema;
    return items ? value.flatMap((item, index) => missing(items, item, `${path}[${index}]`)) : [];
  }
  if (!isObject(value)) return [];
  const errors: FieldError[] = [];
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    if (path === '' && (name === 'status' || name === 'metadata')) continue;
    const childPath = path ? `${path}.${name}` : name;
    if (value[name] === undefined) {
      if (schema.required?.includes(name)) errors.push(field.required(childPath));
    } else {
      errors.push(...missing(child, value[name], childPath));
    }
  }
  if (typeof schema.additionalProperties === 'object') {
    for (const [name, child] of Object.entries(value)) errors.push(...missing(schema.additionalProperties, child, `${path}.${name}`));
  }
  return errors;
}

export function strategyContext(context: ServerContext, user: string): StrategyContext {
  return { store: context.store, now: context.now(), user };
}

/** Whether what the kind counts as its specification differs. */
export function newGeneration(resource: ServedResource, object: ApiObject, old: ApiObject, same: (a: unknown, b: unknown) => boolean): boolean {
  const fields = resource.strategy.generationFields;
  if (!fields) return false;
  if (fields === 'all') {
    const names = new Set([...Object.keys(object), ...Object.keys(old)]);
    for (const ignored of ['apiVersion', 'kind', 'metadata']) names.delete(ignored);
    if (resource.subresources.includes('status')) names.delete('status');
    return [...names].some((name) => !same(object[name], old[name]));
  }
  return fields.some((name) => !same(at(object, name), at(old, name)));
}
