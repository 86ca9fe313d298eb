// The built-in kinds: everything that @stackwright/kube has a descriptor for.
import * as kube from '@stackwright/kube';
import { crdStrategy } from '../../crds/strategy.js';
import type { ScalePaths, ServedResource } from '../resource.js';
import type { AddressRange } from './address-range.js';
import * as core from './core.js';
import { builtin } from './define.js';
import { coreEventStrategy, eventConversion, EVENTS, eventStrategy } from './events.js';
import * as others from './others.js';
import { podStrategy } from './pods.js';
import * as services from './services.js';
import * as workloads from './workloads.js';

const all = ['all'];
const scale: ScalePaths = { specReplicas: ['spec', 'replicas'], statusReplicas: ['status', 'replicas'] };

export function builtinResources(serviceRange: AddressRange): readonly ServedResource[] {
  return [
    builtin(kube.Namespace, { shortNames: ['ns'], subresources: ['status', 'finalize'], nameRule: 'label', strategy: core.namespaceStrategy }),
    builtin(kube.Node, { shortNames: ['no'], subresources: ['status'], strategy: core.nodeStrategy }),
    builtin(kube.Pod, { shortNames: ['po'], categories: all, subresources: ['status', 'log', 'binding'], strategy: podStrategy }),
    builtin(kube.Secret, { strategy: core.secretStrategy }),
    builtin(kube.ConfigMap, { shortNames: ['cm'], strategy: core.configMapStrategy }),
    builtin(kube.Service, {
      shortNames: ['svc'],
      categories: all,
      subresources: ['status'],
      nameRule: 'label1035',
      strategy: services.serviceStrategy(serviceRange),
    }),
    builtin(kube.ServiceAccount, { shortNames: ['sa'], subresources: ['token'], strategy: core.serviceAccountStrategy }),
    builtin(kube.Endpoints, { shortNames: ['ep'], strategy: services.endpointsStrategy }),
    builtin(kube.PersistentVolume, { shortNames: ['pv'], subresources: ['status'], strategy: core.volumeStrategy }),
    builtin(kube.PersistentVolumeClaim, { shortNames: ['pvc'], subresources: ['status'], strategy: core.claimStrategy }),
    builtin(kube.CoreEvent, { shortNames: ['ev'], strategy: coreEventStrategy }),
    builtin(kube.Deployment, {
      shortNames: ['deploy'],
      categories: all,
      subresources: ['status', 'scale'],
      scale,
      strategy: workloads.deploymentStrategy,
    }),
    builtin(kube.ReplicaSet, {
      shortNames: ['rs'],
      categories: all,
      subresources: ['status', 'scale'],
      scale,
      strategy: workloads.replicaSetStrategy,
    }),
    builtin(kube.StatefulSet, {
      shortNames: ['sts'],
      categories: all,
      subresources: ['status', 'scale'],
      scale,
      strategy: workloads.statefulSetStrategy,
    }),
    builtin(kube.DaemonSet, { shortNames: ['ds'], categories: all, subresources: ['status'], strategy: workloads.daemonSetStrategy }),
    builtin(kube.ControllerRevision, { strategy: workloads.controllerRevisionStrategy }),
    builtin(kube.Job, { categories: all, subresources: ['status'], strategy: workloads.jobStrategy }),
    builtin(kube.CronJob, { shortNames: ['cj'], categories: all, subresources: ['status'], strategy: workloads.cronJobStrategy }),
    builtin(kube.Lease, { strategy: others.leaseStrategy }),
    builtin(kube.EndpointSlice, { strategy: services.endpointSliceStrategy }),
    builtin(kube.Event, { shortNames: ['ev'], storage: EVENTS, convert: eventConversion, strategy: eventStrategy }),
    builtin(kube.PodDisruptionBudget, { shortNames: ['pdb'], subresources: ['status'], strategy: others.disruptionBudgetStrategy }),
    builtin(kube.Role, { nameRule: 'path', strategy: others.roleStrategy }),
    builtin(kube.RoleBinding, { nameRule: 'path', strategy: others.roleBindingStrategy }),
    builtin(kube.ClusterRole, { nameRule: 'path', strategy: others.clusterRoleStrategy }),
    builtin(kube.ClusterRoleBinding, { nameRule: 'path', strategy: others.clusterRoleBindingStrategy }),
    builtin(kube.CustomResourceDefinition, {
      shortNames: ['crd', 'crds'],
      categories: ['api-extensions'],
      subresources: ['status'],
      strategy: crdStrategy,
    }),
    builtin(kube.StorageClass, { shortNames: ['sc'], strategy: others.storageClassStrategy }),
  ];
}
