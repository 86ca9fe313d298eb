// The shape of `spec` that services have in common. A kind spreads it beside its own fields.
import { Type, type Static, type TObject } from '@sinclair/typebox';
import { configOverride, configValidation } from './config.js';
import { endpoints, route, tls } from './exposure.js';
import { credentialRotation, deletionPolicy, image, paused, release, replicas, resources } from './fields.js';
import { podFields } from './pods.js';
import { schedulingFields } from './scheduling.js';
import { serving } from './serving.js';
import { extraVolumes } from './volumes.js';

/** What every service has, infrastructure included. */
export const workloadSpec = {
  image: Type.Optional(image()),
  resources: Type.Optional(resources()),
  ...schedulingFields,
  ...podFields,
  paused: Type.Optional(paused()),
  deletionPolicy: deletionPolicy(),
};

/** What every OpenStack service has. */
export const serviceSpec = {
  ...workloadSpec,
  release: release('OpenStack release to run.'),
  replicas: replicas({ description: 'Number of API Pods.' }),
  api: Type.Optional(serving()),
  config: Type.Optional(configOverride()),
  configValidation: Type.Optional(configValidation()),
  extraVolumes: Type.Optional(extraVolumes()),
  tls: Type.Optional(tls()),
  endpoints: Type.Optional(endpoints()),
  route: Type.Optional(route()),
  credentialRotation: Type.Optional(credentialRotation()),
};

export type WorkloadSpec = Static<TObject<typeof workloadSpec>>;
export type ServiceSpec = Static<TObject<typeof serviceSpec>>;
export type Resources = NonNullable<WorkloadSpec['resources']>;
