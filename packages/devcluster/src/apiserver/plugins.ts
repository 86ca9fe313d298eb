// The built-in admission plugins.
import type { AdmissionPlugin } from './admission.js';
import type { ServerContext } from './context.js';
import { forbidden } from './errors.js';
import { isObject, stringAt } from './json.js';

/** Pods run as somebody: as their namespace's `default` account, when they do not say. */
const serviceAccounts: AdmissionPlugin = {
  name: 'ServiceAccount',
  mutate({ operation, resource, object }) {
    if (operation !== 'CREATE' || resource.storage !== '/pods' || !isObject(object?.['spec'])) return;
    const { spec } = object;
    if (stringAt(spec, 'serviceAccountName')) return;
    spec['serviceAccountName'] = 'default';
    spec['serviceAccount'] = 'default';
  },
};

/** A Pod must not name an account that is not there. (The default one is made by a controller, and may come a little later.) */
function accountsExist({ store }: ServerContext): AdmissionPlugin {
  return {
    name: 'ServiceAccountExists',
    validate({ operation, resource, object, namespace = '', name }) {
      if (operation !== 'CREATE' || resource.storage !== '/pods') return;
      const account = stringAt(object, 'spec', 'serviceAccountName') ?? 'default';
      if (account === 'default' || store.get('/serviceaccounts', `${namespace}/${account}`)) return;
      throw forbidden(
        resource,
        name,
        `error looking up service account ${namespace}/${account}: serviceaccount "${account}" not found`,
      );
    },
  };
}

const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';

/** Claims without a class get the default one. */
function defaultStorageClass({ store }: ServerContext): AdmissionPlugin {
  return {
    name: 'DefaultStorageClass',
    mutate({ operation, resource, object }) {
      if (operation !== 'CREATE' || resource.storage !== '/persistentvolumeclaims' || !isObject(object?.['spec']))
        return;
      const { spec } = object;
      if (spec['storageClassName'] !== undefined) return;
      const found = store
        .list('storage.k8s.io/storageclasses')
        .find(({ metadata }) => metadata.annotations?.[DEFAULT_CLASS] === 'true');
      if (found) spec['storageClassName'] = found.metadata.name ?? '';
    },
  };
}

/** Nobody deletes the namespaces that the cluster itself lives in. */
const namespaceLifecycle: AdmissionPlugin = {
  name: 'NamespaceLifecycle',
  validate({ operation, resource, name }) {
    if (operation !== 'DELETE' || resource.storage !== '/namespaces') return;
    if (name === 'default' || name === 'kube-system' || name === 'kube-public') {
      throw forbidden(resource, name, 'this namespace may not be deleted');
    }
  },
};

export function builtinPlugins(context: ServerContext): AdmissionPlugin[] {
  return [namespaceLifecycle, serviceAccounts, accountsExist(context), defaultStorageClass(context)];
}
