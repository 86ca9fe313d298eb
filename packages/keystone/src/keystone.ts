// Keystone as a graph of steps. What every service has comes from the builder; here is what is true of keystone alone:
// its keys, its first administrator, its configuration.
import { Reason } from '@stackwright/api';
import { done, waiting, type Graph, type StepScope } from '@stackwright/graph';
import { Deployment, HTTPRoute, Secret, Service } from '@stackwright/kube';
import {
  databaseOptionFile,
  defineService,
  internalUrl,
  keptPassword,
  keptStatus,
  publicUrl,
  secretHash,
  secretWith,
  servedAuthority,
  valuesOf,
  type ServiceBuilder,
  type ServiceSeams,
} from '@stackwright/openstack';
import { administrator } from './manage/administrator.js';
import { bootstrapCommand, passwordFile } from './manage/bootstrap.js';
import { catalog } from './catalog.js';
import { Keystone } from './crd.js';
import { cloudsYaml } from './files/clouds-yaml.js';
import {
  credentialKeyDirectory,
  databaseFile,
  directory,
  fernetKeyDirectory,
  keystoneConf,
} from './files/keystone-conf.js';
import { hasServed } from './keys/secret.js';
import { credentialKeys, fernetKeys, keysStep, keyStatus, rotationSteps } from './keys/steps.js';
import { trustFlushCommand } from './manage/trust-flush.js';
import { wsgiPrograms } from './wsgi/application.js';

const port = 5000;

type Scope = StepScope<Keystone>;

const urlOf = (scope: Scope): string => internalUrl(scope, { name: scope.name, port });
/** Who vouches for what is served yet, though no certificate is wanted any more. */
function trusted(scope: Scope, url: string): string | undefined {
  const secret = url.startsWith('https:') ? scope.get(Secret, adminSecret(scope)) : undefined;
  const held = secret && valuesOf(secret, ['ca.crt']);
  return held && 'values' in held ? held.values['ca.crt'] : undefined;
}

const adminSecret = ({ name }: Pick<Scope, 'name'>): string => `${name}-admin`;
const adminPasswordSecret = (keystone: string): string => `${keystone}-admin-password`;

export function keystoneGraph(seams: ServiceSeams = {}): Graph<Keystone> {
  return defineService(Keystone, catalog, declare, seams);
}

function declare(s: ServiceBuilder<Keystone>): void {
  const database = s.database();
  const cache = s.cache();

  const keys = keysStep(s);

  const admin = s.step({
    name: 'Admin',
    after: [s.release],
    owns: [Secret],
    // Not the certificate that is wanted: what is served may be told also while that one is no good.
    reads: [Deployment, HTTPRoute, Service],
    run(scope) {
      const kept = keptPassword(scope, adminPasswordSecret(scope.name), {
        wasInUse: hasServed(scope),
        copy: ` (the Secret ${adminSecret(scope)} has it, too, under "password")`,
      });
      if (kept.state !== 'Done') return kept;

      const { password, uid } = kept.output;
      const { username, project, domain } = administrator;
      const url = urlOf(scope);
      const ca = servedAuthority(scope, scope.name) ?? trusted(scope, url);
      const trust = ca === undefined ? {} : { ca };
      const cloud = { authUrl: url, region: scope.object.spec.region, username, password, project, ...trust };
      const derived = scope.own(
        Secret,
        secretWith(adminSecret(scope), {
          username,
          password,
          project_name: project,
          auth_url: `${url}/v3`,
          'clouds.yaml': cloudsYaml(scope.namespace, cloud),
          ...(ca === undefined ? {} : { 'ca.crt': ca }),
        }),
      );
      if (!derived) return waiting(Reason.Pending, `Secret ${adminSecret(scope)} is being created`);
      // The Secret's uid, which only its readers know, keeps the fingerprint from being a way to guess passwords.
      return done({
        fingerprint: secretHash(uid, password),
        publicUrl: publicUrl(scope, { name: scope.name, port }),
        internalUrl: url,
        ...{ authUrl: `${url}/v3`, username, password, userDomainName: domain },
        ...{ projectName: project, projectDomainName: domain, ...trust },
      });
    },
  });

  const config = s.config({
    directory,
    files: {
      'keystone.conf': (scope) =>
        keystoneConf({
          database: scope.output(database),
          cache: scope.output(cache),
          maxActiveKeys: scope.object.spec.fernet.maxActiveKeys,
        }),
      [databaseFile]: (scope) => databaseOptionFile(scope.output(database)),
    },
    after: [database, cache],
  });

  const schema = s.dbSync({ config, database });

  const repositories = (scope: Scope) => [
    { path: fernetKeyDirectory, secret: fernetKeys(scope) },
    { path: credentialKeyDirectory, secret: credentialKeys(scope) },
  ];

  const bootstrap = s.job({
    name: 'Bootstrap',
    config,
    after: [database, schema, keys, admin],
    command: (scope: Scope) =>
      bootstrapCommand({
        region: scope.object.spec.region,
        internalUrl: scope.output(admin).internalUrl,
        publicUrl: scope.output(admin).publicUrl,
      }),
    mounts: (scope: Scope) => [
      ...repositories(scope),
      { path: passwordFile, secret: adminSecret(scope), file: 'password' },
    ],
    inputs: (scope: Scope) => ({
      administrator: scope.output(admin).fingerprint,
      // An empty database in the place of one that was lost has no administrator.
      database: scope.output(database).id ?? null,
    }),
  });

  s.api({
    port,
    probe: '/healthcheck',
    // Asks the database each time: what is asked for by its name or id, and the catalog, come out of the cache.
    check: { as: admin, path: '/v3/regions', givesTokens: true, after: [bootstrap] },
    programs: wsgiPrograms,
    config,
    after: [schema, keys],
    mounts: repositories,
  });

  s.cronJob({
    name: 'Purge',
    config,
    after: [schema, keys],
    schedule: ({ object }) => object.spec.purge.schedule,
    suspend: ({ object }) => object.spec.purge.suspend,
    command: ({ object }) => trustFlushCommand(object.spec.purge.olderThanDays),
    mounts: repositories,
  });

  const rotations = rotationSteps(s, { keys, schema, config, mounts: repositories });
  s.status((scope) => ({
    ...keyStatus(scope, rotations),
    bootstrap: scope.output(bootstrap)?.job ?? scope.object.status?.bootstrap,
    ...keptStatus(scope, [adminPasswordSecret(scope.name), fernetKeys(scope), credentialKeys(scope)]),
  }));
}
