import { modules } from '@stackwright/cli';
import type { Graph } from '@stackwright/graph';
import { generated, markdownTable } from './markdown.js';

/** What a step is about, for those who run the services; by its name, and by "Kind/Step" where a kind has its own words for it. */
export const meanings: Readonly<Record<string, string>> = {
  Admin: "the administrator's password, and the Secret with which clients log in",
  Api: 'the Pods of the API: their Deployment, Service and disruption budget',
  Bootstrap: 'the first projects, roles and users in Keystone, made by a Job',
  Cache: 'the claim for a cache',
  Config: 'the configuration: checked in the image first, then written',
  ConfigCheck: 'the options of `spec.config`, tried in the image before they are written',
  Connections: 'how many connections the server has to take, by the claims on it',
  ConnectionLimit: 'whether the running server takes as many connections as its configuration says',
  Connection: 'the Secret by which the claim is fulfilled',
  Cookie: 'the secret that the members of a cluster share',
  CredentialMigrate: 'credentials are encrypted anew after their key was rotated, by a Job',
  CredentialRotation: 'the keys of stored credentials are rotated',
  Database: 'the claim for a database',
  'DatabaseClaim/Database': 'the database and its users on the server',
  DbSync: 'the schema of the database, made by a Job',
  Endpoint: 'whether the API answers, with what it needs to answer',
  'MariaDB/Endpoint': 'whether the server answers, and its version',
  'RabbitMQ/Endpoint': 'whether the broker answers, and its version',
  ExtraVolumes: 'Secrets and ConfigMaps of `spec.extraVolumes`',
  FeatureFlags: 'what a newer version can do is switched on, once all members have it',
  FernetRotation: 'the keys of tokens are rotated',
  Identity: 'the claim for a user, a service and its endpoints in Keystone',
  'IdentityClaim/Identity': 'the user, the roles, the service and its endpoints in Keystone',
  Images: 'the volume of the images',
  Keys: 'the keys of tokens and of stored credentials',
  LoadMetadefs: 'the definitions of metadata, loaded by a Job; the service works without',
  Messaging: 'the claim for a virtual host of the broker',
  Name: 'whether the claim may have the name that it asks for',
  Network: 'who may reach the Pods: a NetworkPolicy, made of claims',
  Note: 'what the claim was given, written down, so that a loss is noticed',
  Password: 'the password, generated once',
  Provider: 'whether the server or Keystone that fulfils the claim is there and ready',
  Purge: 'rows that were deleted are removed for good, on a schedule',
  Release: 'whether the catalog knows the release, and which image that is',
  Route: 'the Ingress or HTTPRoute from outside the cluster',
  Server: 'the Pods of the server: their StatefulSet, Service and disruption budget',
  Superseded: 'users and passwords that nobody runs with any more are removed',
  Tls: 'the certificate of the API: checked, then copied for the Pods',
  Scheduler: 'the Pods that choose a backend for each volume',
  'Cinder/VolumesFiles': 'the volume of the backend "files", and so for each backend of the spec that has one',
  'Cinder/BackendFiles': 'the Pod of the backend "files", and so for each backend of the spec',
  Upgrade: 'whether the release may change as it is asked',
  Version: 'whether the version of the server may change as it is asked',
  Volumes: 'the volumes, grown where more is asked for',
  Vhost: 'the virtual host and its users on the broker',
  'ControlPlane/Services': 'whether the names in the spec are those of services, and nothing that they need is missing',
  'ControlPlane/Serving': 'whether every service that is named does its work now: this decides the condition Available',
};

interface StepOfKind {
  kind: string;
  step: string;
  after: readonly string[];
  owns: readonly string[];
  external: boolean;
}

/** Of all kinds, in the order of the graphs. */
export function stepsOfAllKinds(): StepOfKind[] {
  const reader = { get: () => undefined, list: () => [] };
  return modules.flatMap((module) =>
    module.graphs(reader).flatMap((graph: Graph) => {
      const { kind } = graph.resource;
      // Which steps there are depends on the object where there are examples, and for a ControlPlane, whose services have one each.
      const objects = graph.examples ?? [{ metadata: { name: 'any', namespace: 'any' }, spec: {} }];
      const all = objects.flatMap((object) => graph.build(object).steps);
      const steps = all.filter((step, index) => all.findIndex(({ name }) => name === step.name) === index);
      return steps.map(({ name, after, owns, external }) => ({
        kind,
        step: name,
        after: after.map((one) => one.name),
        owns: owns.map((one) => one.kind),
        external,
      }));
    }),
  );
}

export const meaningOf = ({ kind, step }: Pick<StepOfKind, 'kind' | 'step'>): string | undefined =>
  meanings[`${kind}/${step}`] ?? meanings[step];

/** Every condition of every kind. */
export function conditionsPage(): string {
  const steps = stepsOfAllKinds();
  const kinds = [...new Set(steps.map(({ kind }) => kind))];
  return [
    '# Conditions',
    generated,
    'What the conditions of each kind speak of. Besides these every kind has `Ready`, which repeats the condition at the root of the trouble, and most have `Available`: it does its work now. ' +
      'The `reason` says what is the case: [all reasons](reasons.md). How they come about: [conditions, and why](../concepts/conditions.md).',
    'A step is asked when those before it are done. One that is outside Kubernetes asks a server: a database, a broker, Keystone.',
    ...kinds.flatMap((kind) => [
      `## ${kind}`,
      markdownTable(
        ['Condition', 'Speaks of', 'After', 'Makes'],
        steps
          .filter((one) => one.kind === kind)
          .map((one) => [
            `\`${one.step}Ready\``,
            meaningOf(one) ?? '',
            one.after.join(', '),
            [...one.owns, ...(one.external ? ['outside Kubernetes'] : [])].join(', '),
          ]),
      ),
      ...(kind === 'ControlPlane'
        ? [
            'And one for each service that it names, or no longer names and has made: `KeystoneReady`, `GlanceReady`. It repeats what the service ' +
              'says of itself, or says why what the ControlPlane asks of it is refused.',
          ]
        : []),
    ]),
  ].join('\n\n');
}
