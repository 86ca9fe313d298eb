import { longestEndpoint } from './fields.js';
import { Type, type TObject, type TProperties } from '@sinclair/typebox';
import { releaseColumn } from './columns.js';
import { defineOwnKind, type OwnKind } from './own-kind.js';
import { statusOf } from './status.js';
import { storageStatus } from './storage.js';

export interface ServiceKind<Spec extends TObject<TProperties>> extends OwnKind<Spec> {
  /** Roles and services without which it does not become ready. */
  requires: readonly string[];
}

/** What every OpenStack service says of itself, besides its conditions. */
export const serviceStatus = {
  endpoint: Type.Optional(
    Type.String({ description: 'URL of the API inside the cluster, once it answers.', maxLength: longestEndpoint }),
  ),
  release: Type.Optional(Type.String({ description: 'Release that runs.', maxLength: 16 })),
  image: Type.Optional(Type.String({ description: 'Image that was last accepted to run.', maxLength: 1024 })),
  schemaRelease: Type.Optional(
    Type.String({
      description: 'Release that the schema of the database was made for. No other one is run on it.',
      maxLength: 16,
    }),
  ),
  replicas: Type.Optional(
    Type.Integer({ description: 'API Pods that there are, whatever they are doing.', minimum: 0 }),
  ),
  selector: Type.Optional(
    Type.String({
      description: 'Selects the API Pods, as `kubectl get pods --selector` takes it: for autoscalers.',
      maxLength: 4096,
    }),
  ),
};

/** `kubectl scale` and autoscalers change the number of API Pods by the object's own subresource. */
export const serviceScale = {
  specReplicasPath: '.spec.replicas',
  statusReplicasPath: '.status.replicas',
  labelSelectorPath: '.status.selector',
} as const;

/** The kind of an OpenStack service; `spec` is `serviceSpec`, and its own fields besides. */
export function defineServiceKind<Spec extends TObject<TProperties>>(service: ServiceKind<Spec>) {
  const status = statusOf({ ...serviceStatus, ...(service.volume === undefined ? {} : { storage: storageStatus }) });
  return defineOwnKind({ ...service, scale: serviceScale }, status, releaseColumn);
}
