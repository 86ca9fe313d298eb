// One source for a custom resource's TypeScript type, its CRD and its reference page.
import type { Static, TObject, TProperties } from '@sinclair/typebox';
import type { KubeObject, ObjectMeta } from '../meta.js';
import { defineResource, type Resource } from '../resource.js';
import { schemaOf } from './crd.js';
import type { CustomResourceOptions } from './options.js';

/**
 * A custom object as the API server returns it: fields with a default are always there, since the server fills them in.
 * (`Type.X({ default })` is therefore required in the TypeScript type and not required in the CRD.)
 */
export interface CustomObject<Spec, Status> extends KubeObject {
  spec: Spec;
  status?: Status;
}

export interface CustomResource<Spec extends TObject = TObject, Status extends TObject = TObject> extends Resource<
  CustomObject<Static<Spec>, Static<Status>>
> {
  readonly definition: CustomResourceOptions<Spec, Status>;
}

/** Throws a `SchemaError` where the definition is none that an API server would take. */
export function defineCustomResource<Spec extends TObject<TProperties>, Status extends TObject<TProperties>>(
  options: CustomResourceOptions<Spec, Status>,
): CustomResource<Spec, Status> {
  schemaOf(options);
  const resource = defineResource<CustomObject<Static<Spec>, Static<Status>>>({
    group: options.group,
    version: options.version,
    kind: options.kind,
    plural: options.plural,
    namespaced: options.namespaced ?? true,
  });
  return Object.freeze({ ...resource, definition: options });
}

/** What a user writes: everything with a default may be left out. */
export interface CustomObjectInput {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta & { name: string };
  spec: object;
}
