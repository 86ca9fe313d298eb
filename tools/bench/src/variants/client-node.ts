// Baseline (a): @kubernetes/client-node 1.4.0 as its documentation has it: one informer per kind, the generated clients, and
// around them what a competent user adds: a queue with one entry per key, server-side apply of what differs from the cache
// only, and informers that are started again after an error (they stop for good otherwise).
//
// It is spared what ours does besides: no leader election, no logs, no events, no histograms, no check for own writes.
/* eslint-disable no-restricted-imports -- this is what the library is compared with */
import {
  AppsV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  type Informer,
  type KubernetesListObject,
  type KubernetesObject,
  type ObjectCache,
  type V1ConfigMap,
  type V1Deployment,
  type V1Service,
} from '@kubernetes/client-node';
import { serveState } from './shared/endpoint.js';
import { reportImportTime } from './shared/import-time.js';
import { KeyQueue } from './shared/key-queue.js';
import {
  childrenOf,
  concurrency,
  fieldManager,
  group,
  isAsWanted,
  kind,
  newStatusOf,
  plural,
  version,
  type PlainWidget,
} from './shared/widget.js';

reportImportTime();

type Store<T extends KubernetesObject> = Informer<T> & ObjectCache<T>;

const config = new KubeConfig();
config.loadFromDefault();
const core = config.makeApiClient(CoreV1Api);
const apps = config.makeApiClient(AppsV1Api);
const custom = config.makeApiClient(CustomObjectsApi);
const namespace = process.env['WATCH_NAMESPACE'] ?? 'default';
const applyPatch = setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply);
const mergePatch = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);

let synced = 0;
const queue = new KeyQueue(reconcile, concurrency);

async function informer<T extends KubernetesObject>(
  path: string,
  list: () => Promise<KubernetesListObject<T>>,
  keyOf: (object: T) => string | undefined,
): Promise<Store<T>> {
  const store = makeInformer<T>(config, path, list);
  const enqueue = (object: T): void => {
    const key = keyOf(object);
    if (key !== undefined) queue.add(key);
  };
  store.on('add', enqueue);
  store.on('update', enqueue);
  store.on('delete', (object) => {
    const name = object.metadata?.name ?? '';
    if (path.endsWith(plural)) generations.delete(name);
    enqueue(object);
  });
  store.on('error', (error) => {
    console.error(`${path}: ${String(error)}`);
    setTimeout(() => void store.start(), 1000);
  });
  await store.start();
  synced += 1;
  return store;
}

const generations = new Map<string, number | undefined>();

/** Status writes of our own are no news. */
function ofWidget({ metadata }: PlainWidget): string | undefined {
  const { name = '', generation } = metadata ?? {};
  if (generations.get(name) === generation) return undefined;
  generations.set(name, generation);
  return name;
}

function ofChild({ metadata }: KubernetesObject): string | undefined {
  return metadata?.ownerReferences?.find((owner) => owner.controller && owner.kind === kind)?.name;
}

serveState(queue, () => synced === 4);
const [widgets, configMaps, services, deployments] = await Promise.all([
  informer<PlainWidget & KubernetesObject>(
    `/apis/${group}/${version}/namespaces/${namespace}/${plural}`,
    async () =>
      (await custom.listNamespacedCustomObject({ group, version, namespace, plural })) as KubernetesListObject<
        PlainWidget & KubernetesObject
      >,
    ofWidget,
  ),
  informer<V1ConfigMap>(
    `/api/v1/namespaces/${namespace}/configmaps`,
    () => core.listNamespacedConfigMap({ namespace }),
    ofChild,
  ),
  informer<V1Service>(
    `/api/v1/namespaces/${namespace}/services`,
    () => core.listNamespacedService({ namespace }),
    ofChild,
  ),
  informer<V1Deployment>(
    `/apis/apps/v1/namespaces/${namespace}/deployments`,
    () => apps.listNamespacedDeployment({ namespace }),
    ofChild,
  ),
]);
queue.start();

async function reconcile(name: string): Promise<void> {
  const widget = widgets.get(name, namespace);
  if (!widget || widget.metadata?.deletionTimestamp) return;
  const wanted = childrenOf(widget);
  const options = { name, namespace, fieldManager, force: true };
  await Promise.all([
    isAsWanted(configMaps.get(name, namespace), wanted.configMap) ||
      core.patchNamespacedConfigMap({ ...options, body: wanted.configMap }, applyPatch),
    isAsWanted(services.get(name, namespace), wanted.service) ||
      core.patchNamespacedService({ ...options, body: wanted.service }, applyPatch),
    isAsWanted(deployments.get(name, namespace), wanted.deployment) ||
      apps.patchNamespacedDeployment({ ...options, body: wanted.deployment }, applyPatch),
  ]);
  const status = newStatusOf(widget, () => new Date());
  if (!status) return;
  const target = { group, version, namespace, plural, name, fieldManager };
  await custom.patchNamespacedCustomObjectStatus({ ...target, body: { status } }, mergePatch);
}
