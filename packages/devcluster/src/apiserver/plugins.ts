// The built-in admission plugins.
import { compareQuantities } from '@stackwright/kube';
import type { AdmissionPlugin } from './admission.js';
import type { ServerContext } from './context.js';
import { forbidden } from './errors.js';
import { isObject, stringAt } from './json.js';
import { lostNodes, runtimeClasses, serviceAccounts } from './pod-plugins.js';
import { podSecurity } from './pod-security/plugin.js';
import { CLASS_ANNOTATION } from './validation/ingresses.js';

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

const CLAIM_FINALIZER = 'kubernetes.io/pvc-protection';

/** Claims are held from the beginning: a controller lets them go when no Pod uses them. */
const claimProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  mutate({ operation, resource, object }) {
    if (operation !== 'CREATE' || resource.storage !== '/persistentvolumeclaims' || !object) return;
    const { metadata } = object;
    if (!metadata.finalizers?.includes(CLAIM_FINALIZER))
      metadata.finalizers = [...(metadata.finalizers ?? []), CLAIM_FINALIZER];
  },
};

const INGRESS_CLASSES = 'networking.k8s.io/ingressclasses';
const DEFAULT_INGRESS_CLASS = 'ingressclass.kubernetes.io/is-default-class';

/** Ingresses without a class get the default one. */
function defaultIngressClass({ store }: ServerContext): AdmissionPlugin {
  return {
    name: 'DefaultIngressClass',
    mutate({ operation, resource, object }) {
      if (operation !== 'CREATE' || resource.storage !== 'networking.k8s.io/ingresses') return;
      if (!isObject(object?.['spec']) || object['spec']['ingressClassName'] !== undefined) return;
      if (object.metadata.annotations?.[CLASS_ANNOTATION] !== undefined) return;
      const [found] = store
        .list(INGRESS_CLASSES)
        .filter(({ metadata }) => metadata.annotations?.[DEFAULT_INGRESS_CLASS] === 'true');
      if (found) object['spec']['ingressClassName'] = found.metadata.name ?? '';
    },
  };
}

const PRIORITY_CLASSES = 'scheduling.k8s.io/priorityclasses';

/** Pods get the number behind their class, or behind the class for all; and they keep it. */
function priority({ store }: ServerContext): AdmissionPlugin {
  return {
    name: 'Priority',
    mutate({ operation, resource, object, oldObject, name }) {
      if (operation === 'DELETE' || resource.storage !== '/pods' || !isObject(object?.['spec'])) return;
      const { spec } = object;
      if (operation === 'UPDATE') {
        const former = isObject(oldObject?.['spec']) ? oldObject['spec'] : {};
        for (const key of ['priority', 'preemptionPolicy']) if (former[key] !== undefined) spec[key] ??= former[key];
        return;
      }
      const wanted = stringAt(spec, 'priorityClassName') ?? '';
      const found =
        wanted === ''
          ? store.list(PRIORITY_CLASSES).find(({ globalDefault }) => globalDefault === true)
          : store.get(PRIORITY_CLASSES, wanted);
      if (wanted !== '' && !found) throw forbidden(resource, name, `no PriorityClass with name ${wanted} was found`);
      const value = Number(found?.['value'] ?? 0);
      const given = spec['priority'];
      if (typeof given === 'number' && given !== value) {
        throw forbidden(
          resource,
          name,
          `the integer value of priority (${given}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
        );
      }
      const preemption = stringAt(found, 'preemptionPolicy') ?? 'PreemptLowerPriority';
      const asked = spec['preemptionPolicy'];
      if (typeof asked === 'string' && asked !== preemption) {
        throw forbidden(
          resource,
          name,
          `the string value of PreemptionPolicy (${asked}) must not be provided in pod spec; priority admission controller computed ${preemption} from the given PriorityClass name`,
        );
      }
      spec['priority'] = value;
      spec['preemptionPolicy'] = preemption;
      if (found) spec['priorityClassName'] = found.metadata.name ?? '';
    },
    validate({ operation, resource, object, name }) {
      if (operation === 'DELETE' || resource.storage !== PRIORITY_CLASSES || object?.['globalDefault'] !== true) return;
      const other = store
        .list(PRIORITY_CLASSES)
        .find(({ metadata, globalDefault }) => globalDefault === true && metadata.name !== name);
      if (other)
        throw forbidden(
          resource,
          name,
          `PriorityClass ${other.metadata.name ?? ''} is already marked as default. Only one default can exist`,
        );
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
    serviceAccounts(context),
    runtimeClasses,
    podSecurity(context),
    lostNodes,
    claimProtection,
    defaultStorageClass(context),
    defaultIngressClass(context),
    priority(context),
    claimResize(context),
  ];
}
