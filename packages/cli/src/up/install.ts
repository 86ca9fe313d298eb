// What `up` puts on the cluster: CRDs, the namespace, the controllers, and one control plane.
import { join } from 'node:path';
import { ControlPlane } from '@stackwright/api';
import type { ControllerModule } from '@stackwright/core';
import { imagePrefix } from '@stackwright/openstack';
import { apiVersionOf, isNotFound, type Client, type KubeObject } from '@stackwright/kube';
import manifest from '../../package.json' with { type: 'json' };
import { applyAll, fieldManager, untilServed } from '../manifests/apply.js';
import { controllerManifests } from '../manifests/controller.js';
import { customResourceDefinitions } from '../manifests/manifests.js';
import { namespaceManifest } from '../manifests/namespace.js';
import { buildOf } from './cluster.js';
import type { Selection } from './services.js';

export interface InstallOptions {
  root: string;
  namespace: string;
  signal: AbortSignal;
  /** Of the controllers' image. Default: the version; where Pods only pretend, there is no image. */
  tag?: string;
}

export async function installControllers(
  client: Client,
  modules: readonly ControllerModule[],
  { root, namespace, signal, tag = manifest.version }: InstallOptions,
): Promise<void> {
  const definitions = customResourceDefinitions(modules);
  await applyAll(client, definitions, signal);
  await untilServed(client, definitions, signal);
  const controllers = modules.flatMap((module) =>
    controllerManifests(module, {
      namespace,
      imagePrefix: imagePrefix(),
      tag,
      // Where Pods only pretend, the tag stays: a new build must replace the Pod all the same.
      build: buildOf(join(root, 'packages', module.name, 'dist/main.js')),
    }),
  );
  await applyAll(client, [namespaceManifest(namespace), ...controllers], signal);
}

const controlPlaneName = 'openstack';
const release = '2025.1';

/** The namespace's own; undefined too where the cluster does not know the kind yet. */
export async function findControlPlane(
  client: Client,
  { namespace, signal }: Pick<InstallOptions, 'namespace' | 'signal'>,
): Promise<ControlPlane | undefined> {
  try {
    return (await client.listAll(ControlPlane, { namespace, signal })).items[0];
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * Makes a control plane of these services; all that is not said has its default. One that is there is the user's: it gets
 * `additions` to what it names, nothing in it is changed, and nothing taken away.
 */
export async function ensureControlPlane(
  client: Client,
  { namespace, signal }: Pick<InstallOptions, 'namespace' | 'signal'>,
  { there, selection, additions }: { there?: ControlPlane; selection: Selection; additions?: Selection },
): Promise<void> {
  if (there) {
    if (!additions) return;
    const { name = '', uid, resourceVersion } = there.metadata ?? {};
    const patch = { type: 'merge', body: { metadata: { uid, resourceVersion }, spec: additions } } as const;
    await client.patch<KubeObject>(ControlPlane, { namespace, name }, patch, { fieldManager, signal });
    return;
  }
  const object = {
    apiVersion: apiVersionOf(ControlPlane),
    kind: ControlPlane.kind,
    metadata: { name: controlPlaneName, namespace },
    spec: { release, ...selection },
  };
  await client.create<KubeObject>(ControlPlane, object, { fieldManager, signal });
}
