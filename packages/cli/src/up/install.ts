// What `up` puts on the cluster: CRDs, the namespace, the controllers, and one control plane.
import { join } from 'node:path';
import { ControlPlane } from '@stackwright/api';
import type { ControllerModule } from '@stackwright/core';
import { imagePrefix } from '@stackwright/openstack';
import { apiVersionOf, isAlreadyExists, type Client, type KubeObject } from '@stackwright/kube';
import manifest from '../../package.json' with { type: 'json' };
import { applyAll, fieldManager, untilServed } from '../manifests/apply.js';
import { controllerManifests } from '../manifests/controller.js';
import { customResourceDefinitions } from '../manifests/manifests.js';
import { buildOf } from './cluster.js';

export interface InstallOptions {
  root: string;
  namespace: string;
  signal: AbortSignal;
}

export async function installControllers(
  client: Client,
  modules: readonly ControllerModule[],
  { root, namespace, signal }: InstallOptions,
): Promise<void> {
  const definitions = customResourceDefinitions(modules);
  await applyAll(client, definitions, signal);
  await untilServed(client, definitions, signal);
  const controllers = modules.flatMap((module) =>
    controllerManifests(module, {
      namespace,
      imagePrefix: imagePrefix(),
      version: manifest.version,
      // The image's tag stays while one works on a controller: a new build must replace its Pod all the same.
      build: buildOf(join(root, 'packages', module.name, 'dist/main.js')),
    }),
  );
  const home: KubeObject = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace, labels: { 'app.kubernetes.io/part-of': 'stackwright' } },
  };
  await applyAll(client, [home, ...controllers], signal);
}

export const controlPlaneName = 'openstack';

/** The smallest that is useful: everything else has its default. */
const spec = {
  release: '2025.1',
  infrastructure: { database: { mariadb: {} }, cache: { memcached: {} } },
  services: { keystone: {} },
};

/** One that is there already is the user's: it is left as it is. */
export async function ensureControlPlane(
  client: Client,
  { namespace, signal }: Pick<InstallOptions, 'namespace' | 'signal'>,
): Promise<void> {
  const object = {
    apiVersion: apiVersionOf(ControlPlane),
    kind: ControlPlane.kind,
    metadata: { name: controlPlaneName, namespace },
    spec,
  };
  try {
    await client.create<KubeObject>(ControlPlane, object, { fieldManager, signal });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}
