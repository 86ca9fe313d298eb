// Keystone as a graph of steps. What every service has comes from the builder; here is what is true of keystone alone:
// its keys, its first administrator, its configuration.
import { Reason } from '@stackwright/api';
import { done, hashOf, waiting, type Graph, type StepScope } from '@stackwright/core';
import { Secret } from '@stackwright/kube';
import {
  defineService,
  keptPassword,
  secretWith,
  type ServiceBuilder,
  type ServiceSeams,
} from '@stackwright/openstack';
import { administrator, bootstrapCommand, passwordFile } from './bootstrap.js';
import { catalog } from './catalog.js';
import { Keystone } from './crd.js';
import { cloudsYaml } from './files/clouds-yaml.js';
import { credentialKeyDirectory, fernetKeyDirectory, keystoneConf } from './files/keystone-conf.js';
import { credentialKeys, fernetKeys, keysStep, keyStatus, rotationSteps, type Rotations } from './keys/steps.js';

const port = 5000;

type Scope = StepScope<Keystone>;

const internalUrl = ({ name, namespace }: Pick<Scope, 'name' | 'namespace'>): string =>
  `http://${name}.${namespace}.svc:${port}`;
const adminSecret = ({ name }: Pick<Scope, 'name'>): string => `${name}-admin`;

export function keystoneGraph(seams: ServiceSeams = {}): Graph<Keystone> {
  let rotations: Rotations | undefined;
  const declare = (s: ServiceBuilder<Keystone>) => void (rotations = steps(s));
  return defineService(Keystone, catalog, declare, {
    ...seams,
    status: (scope) => (rotations ? keyStatus(scope, rotations) : {}),
  });
}

function steps(s: ServiceBuilder<Keystone>): Rotations {
  const database = s.database();
  const cache = s.cache();

  const keys = keysStep(s);

  const admin = s.step({
    name: 'Admin',
    owns: [Secret],
    run(scope) {
      const kept = keptPassword(scope, `${adminSecret(scope)}-password`);
      if (kept.state !== 'Done') return kept;

      const { password, uid } = kept.output;
      const { username, project } = administrator;
      const url = internalUrl(scope);
      const cloud = { authUrl: url, region: scope.object.spec.region, username, password, project };
      const derived = scope.own(
        Secret,
        secretWith(adminSecret(scope), {
          username,
          password,
          project_name: project,
          auth_url: `${url}/v3`,
          'clouds.yaml': cloudsYaml(scope.namespace, cloud),
        }),
      );
      if (!derived) return waiting(Reason.Pending, `Secret ${adminSecret(scope)} is being created`);
      // The Secret's uid, which only its readers know, keeps the fingerprint from being a way to guess passwords.
      return done({ fingerprint: hashOf([uid, password]) });
    },
  });

  const config = s.config({
    directory: '/etc/keystone',
    files: {
      'keystone.conf': (scope) =>
        keystoneConf({
          database: scope.output(database),
          cache: scope.output(cache),
          maxActiveKeys: scope.object.spec.fernet.maxActiveKeys,
        }),
    },
    after: [database, cache],
  });

  const schema = s.dbSync({
    config,
    after: [database],
    // A changed option migrates nothing; another database does.
    inputs: (scope: Scope) => {
      const { host, port, database: name } = scope.output(database);
      return { host, port, name };
    },
  });

  const repositories = (scope: Scope) => [
    { path: fernetKeyDirectory, secret: fernetKeys(scope) },
    { path: credentialKeyDirectory, secret: credentialKeys(scope) },
  ];

  s.job({
    name: 'Bootstrap',
    config,
    after: [schema, keys, admin],
    command: (scope: Scope) =>
      bootstrapCommand({
        region: scope.object.spec.region,
        internalUrl: internalUrl(scope),
        publicUrl: scope.object.spec.endpoints?.public?.replace(/\/+$/, '') ?? internalUrl(scope),
      }),
    mounts: (scope: Scope) => [
      ...repositories(scope),
      { path: passwordFile, secret: adminSecret(scope), file: 'password' },
    ],
    inputs: (scope: Scope) => scope.output(admin).fingerprint,
  });

  s.api({ port, probe: '/healthcheck', config, after: [schema, keys], mounts: repositories });

  return rotationSteps(s, { keys, schema, config, mounts: repositories });
}
