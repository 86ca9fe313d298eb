// The built-in kinds: everything that @stackwright/kube has a descriptor for.
import * as kube from '@stackwright/kube';
import { crdStrategy } from '../../crds/strategy.js';
import type { ScalePaths, ServedResource } from '../resource.js';
import type { AddressRange } from './address-range.js';
import * as core from './core.js';
import * as coreColumns from './columns/core.js';
import * as otherColumns from './columns/others.js';
import { podColumns } from './columns/pods.js';
import * as workloadColumns from './columns/workloads.js';
import { builtin } from './define.js';
import { coreEventStrategy, eventConversion, EVENTS, eventStrategy } from './events.js';
import { ingressClassStrategy, ingressStrategy } from './ingresses.js';
import { networkPolicyStrategy } from './network-policies.js';
import * as others from './others.js';
import { podStrategy } from './pods.js';
import { policyBindingStrategy, policyStrategy } from './policies.js';
import { priorityClassStrategy } from './priority-classes.js';
import * as services from './services.js';
import { mutatingWebhookStrategy, validatingWebhookStrategy } from './webhooks.js';
import * as workloads from './workloads.js';

const all = ['all'];
const scale: ScalePaths = { specReplicas: ['spec', 'replicas'], statusReplicas: ['status', 'replicas'] };

export function builtinResources(serviceRange: AddressRange): readonly ServedResource[] {
  return [
    builtin(kube.Namespace, {
      columns: coreColumns.namespaceColumns,
      shortNames: ['ns'],
      subresources: ['status', 'finalize'],
      nameRule: 'label',
      strategy: core.namespaceStrategy,
    }),
    builtin(kube.Node, {
      columns: coreColumns.nodeColumns,
      shortNames: ['no'],
      subresources: ['status'],
      strategy: core.nodeStrategy,
    }),
    builtin(kube.Pod, {
      columns: podColumns,
      shortNames: ['po'],
      categories: all,
      subresources: ['status', 'log', 'exec', 'attach', 'portforward', 'ephemeralcontainers', 'binding', 'eviction'],
      strategy: podStrategy,
    }),
    builtin(kube.Secret, { columns: coreColumns.secretColumns, strategy: core.secretStrategy }),
    builtin(kube.ConfigMap, {
      columns: coreColumns.configMapColumns,
      shortNames: ['cm'],
      strategy: core.configMapStrategy,
    }),
    builtin(kube.Service, {
      columns: coreColumns.serviceColumns,
      shortNames: ['svc'],
      categories: all,
      subresources: ['status'],
      nameRule: 'label',
      strategy: services.serviceStrategy(serviceRange),
    }),
    builtin(kube.ServiceAccount, {
      columns: coreColumns.serviceAccountColumns,
      shortNames: ['sa'],
      subresources: ['token'],
      strategy: core.serviceAccountStrategy,
    }),
    builtin(kube.Endpoints, {
      columns: coreColumns.endpointsColumns,
      shortNames: ['ep'],
      strategy: services.endpointsStrategy,
    }),
    builtin(kube.PersistentVolume, {
      columns: coreColumns.volumeColumns,
      shortNames: ['pv'],
      subresources: ['status'],
      strategy: core.volumeStrategy,
    }),
    builtin(kube.PersistentVolumeClaim, {
      columns: coreColumns.claimColumns,
      shortNames: ['pvc'],
      subresources: ['status'],
      strategy: core.claimStrategy,
    }),
    builtin(kube.CoreEvent, {
      columns: coreColumns.eventColumns,
      shortNames: ['ev'],
      nameRule: 'path',
      strategy: coreEventStrategy,
    }),
    builtin(kube.Deployment, {
      columns: workloadColumns.deploymentColumns,
      shortNames: ['deploy'],
      categories: all,
      subresources: ['status', 'scale'],
      scale,
      strategy: workloads.deploymentStrategy,
    }),
    builtin(kube.ReplicaSet, {
      columns: workloadColumns.replicaSetColumns,
      shortNames: ['rs'],
      categories: all,
      subresources: ['status', 'scale'],
      scale,
      strategy: workloads.replicaSetStrategy,
    }),
    builtin(kube.StatefulSet, {
      columns: workloadColumns.statefulSetColumns,
      shortNames: ['sts'],
      categories: all,
      subresources: ['status', 'scale'],
      scale,
      nameRule: 'label',
      strategy: workloads.statefulSetStrategy,
    }),
    builtin(kube.DaemonSet, {
      columns: workloadColumns.daemonSetColumns,
      shortNames: ['ds'],
      categories: all,
      subresources: ['status'],
      strategy: workloads.daemonSetStrategy,
    }),
    builtin(kube.ControllerRevision, {
      columns: workloadColumns.controllerRevisionColumns,
      strategy: workloads.controllerRevisionStrategy,
    }),
    builtin(kube.Job, {
      columns: workloadColumns.jobColumns,
      categories: all,
      subresources: ['status'],
      strategy: workloads.jobStrategy,
    }),
    builtin(kube.CronJob, {
      columns: workloadColumns.cronJobColumns,
      shortNames: ['cj'],
      categories: all,
      subresources: ['status'],
      strategy: workloads.cronJobStrategy,
    }),
    builtin(kube.Lease, { columns: otherColumns.leaseColumns, strategy: others.leaseStrategy }),
    builtin(kube.EndpointSlice, {
      columns: coreColumns.endpointSliceColumns,
      strategy: services.endpointSliceStrategy,
    }),
    builtin(kube.Event, { shortNames: ['ev'], storage: EVENTS, convert: eventConversion, strategy: eventStrategy }),
    builtin(kube.Ingress, {
      columns: otherColumns.ingressColumns,
      shortNames: ['ing'],
      subresources: ['status'],
      strategy: ingressStrategy,
    }),
    builtin(kube.IngressClass, { columns: otherColumns.ingressClassColumns, strategy: ingressClassStrategy }),
    builtin(kube.NetworkPolicy, {
      columns: otherColumns.networkPolicyColumns,
      shortNames: ['netpol'],
      strategy: networkPolicyStrategy,
    }),
    builtin(kube.PodDisruptionBudget, {
      columns: otherColumns.disruptionBudgetColumns,
      shortNames: ['pdb'],
      subresources: ['status'],
      nameRule: 'path',
      strategy: others.disruptionBudgetStrategy,
    }),
    builtin(kube.Role, { columns: otherColumns.roleColumns, nameRule: 'path', strategy: others.roleStrategy }),
    builtin(kube.RoleBinding, {
      columns: otherColumns.bindingColumns,
      nameRule: 'path',
      strategy: others.roleBindingStrategy,
    }),
    builtin(kube.ClusterRole, {
      columns: otherColumns.roleColumns,
      nameRule: 'path',
      strategy: others.clusterRoleStrategy,
    }),
    builtin(kube.ClusterRoleBinding, {
      columns: otherColumns.bindingColumns,
      nameRule: 'path',
      strategy: others.clusterRoleBindingStrategy,
    }),
    builtin(kube.CustomResourceDefinition, {
      columns: otherColumns.definitionColumns,
      shortNames: ['crd', 'crds'],
      categories: ['api-extensions'],
      subresources: ['status'],
      strategy: crdStrategy,
    }),
    builtin(kube.MutatingWebhookConfiguration, {
      columns: otherColumns.webhookColumns,
      categories: ['api-extensions'],
      strategy: mutatingWebhookStrategy,
    }),
    builtin(kube.ValidatingWebhookConfiguration, {
      columns: otherColumns.webhookColumns,
      categories: ['api-extensions'],
      strategy: validatingWebhookStrategy,
    }),
    builtin(kube.ValidatingAdmissionPolicy, {
      columns: otherColumns.policyColumns,
      categories: ['api-extensions'],
      subresources: ['status'],
      strategy: policyStrategy,
    }),
    builtin(kube.ValidatingAdmissionPolicyBinding, {
      columns: otherColumns.policyBindingColumns,
      categories: ['api-extensions'],
      strategy: policyBindingStrategy,
    }),
    builtin(kube.PriorityClass, {
      columns: otherColumns.priorityClassColumns,
      shortNames: ['pc'],
      strategy: priorityClassStrategy,
    }),
    builtin(kube.StorageClass, {
      columns: otherColumns.storageClassColumns,
      shortNames: ['sc'],
      strategy: others.storageClassStrategy,
    }),
  ];
}
