// The shape of `spec` that services have in common. A kind spreads it beside its own fields.
import { Type, type Static, type TObject } from '@sinclair/typebox';
import { endpoints, route, tls } from './exposure.js';
import { credentialRotation, deletionPolicy, image, paused, release, replicas, resources } from './fields.js';
import { schedulingFields } from './scheduling.js';
import { extraVolumes } from './volumes.js';

/** What every service has, infrastructure included. */
export const workloadSpec = {
  image: Type.Optional(image()),
  resources: Type.Optional(resources()),
  ...schedulingFields,
  paused: Type.Optional(paused()),
  deletionPolicy: deletionPolicy(),
};

/** A value in a configuration file. Lists are written as their option wants them, mostly separated by commas. */
export type ConfigValue = string | number | boolean;

/** File → section → option → value. */
export type ConfigOverride = Record<string, Record<string, Record<string, ConfigValue>>>;

const configOverride = Type.Unsafe<ConfigOverride>(
  Type.Record(
    Type.String(),
    Type.Record(
      Type.String(),
      Type.Record(Type.String(), Type.Unsafe<ConfigValue>({ 'x-kubernetes-preserve-unknown-fields': true })),
    ),
    {
      description:
        'Configuration by file, section and option, merged over ours: `keystone.conf: { token: { expiration: 7200 } }`. ' +
        'Values are strings, numbers or booleans. An option that the controller must own is refused.',
    },
  ),
);

/** What every OpenStack service has. */
export const serviceSpec = {
  ...workloadSpec,
  release: release('OpenStack release to run.'),
  replicas: replicas({ description: 'Number of API Pods.' }),
  config: Type.Optional(configOverride),
  extraVolumes: Type.Optional(extraVolumes()),
  tls: Type.Optional(tls()),
  endpoints: Type.Optional(endpoints()),
  route: Type.Optional(route()),
  credentialRotation: Type.Optional(credentialRotation()),
};

export type WorkloadSpec = Static<TObject<typeof workloadSpec>>;
export type ServiceSpec = Static<TObject<typeof serviceSpec>>;
export type Resources = NonNullable<WorkloadSpec['resources']>;
