import { Type, type TObject, type TProperties } from '@sinclair/typebox';
import { releaseColumn } from './columns.js';
import { defineOwnKind, type OwnKind } from './own-kind.js';
import { statusOf } from './status.js';

export interface ServiceKind<Spec extends TObject<TProperties>> extends OwnKind<Spec> {
  /** Roles and services without which it does not become ready. */
  requires: readonly string[];
}

/** The kind of an OpenStack service; `spec` is `serviceSpec`, and its own fields besides. */
export function defineServiceKind<Spec extends TObject<TProperties>>(service: ServiceKind<Spec>) {
  const status = statusOf({
    endpoint: Type.Optional(Type.String({ description: 'URL of the API inside the cluster, once it answers.' })),
    release: Type.Optional(Type.String({ description: 'Release that runs.' })),
  });
  return defineOwnKind(service, status, releaseColumn);
}
