// The built-in admission plugins.
import { compareQuantities } from '@stackwright/kube';
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

/** Claims grow only when their class lets them. */
function claimResize({ store }: ServerContext): AdmissionPlugin {
  return {
    name: 'PersistentVolumeClaimResize',
    validate({ operation, resource, object, oldObject, name }) {
      if (operation !== 'UPDATE' || resource.storage !== '/persistentvolumeclaims') return;
      const size = (claim: unknown): string => stringAt(claim, 'spec', 'resources', 'requests', 'storage') ?? '0';
      if (compareQuantities(size(object), size(oldObject)) <= 0) return;
      if (stringAt(oldObject, 'status', 'phase') !== 'Bound')
        throw forbidden(resource, name, 'Only bound persistent volume claims can be expanded');
      const storageClass = store.get(
        'storage.k8s.io/storageclasses',
        stringAt(oldObject, 'spec', 'storageClassName') ?? '',
      );
      if (storageClass?.['allowVolumeExpansion'] === true) return;
      throw forbidden(
        resource,
        name,
        'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
      );
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
  return [
    namespaceLifecycle,
    serviceAccounts,
    accountsExist(context),
    defaultStorageClass(context),
    claimResize(context),
  ];
}
