// Descriptors of the built-in kinds that our controllers and tools use.
import type * as admission from 'kubernetes-types/admissionregistration/v1.d.ts';
import type * as apps from 'kubernetes-types/apps/v1.d.ts';
import type * as batch from 'kubernetes-types/batch/v1.d.ts';
import type * as coordination from 'kubernetes-types/coordination/v1.d.ts';
import type * as core from 'kubernetes-types/core/v1.d.ts';
import type * as discovery from 'kubernetes-types/discovery/v1.d.ts';
import type * as events from 'kubernetes-types/events/v1.d.ts';
import type * as networking from 'kubernetes-types/networking/v1.d.ts';
import type * as policy from 'kubernetes-types/policy/v1.d.ts';
import type * as rbac from 'kubernetes-types/rbac/v1.d.ts';
import type * as extensions from 'kubernetes-types/apiextensions/v1.d.ts';
import type * as scheduling from 'kubernetes-types/scheduling/v1.d.ts';
import type * as storage from 'kubernetes-types/storage/v1.d.ts';
import type { KubeObject } from '../meta.js';
import { defineResource, type Resource } from '../resource.js';

const define = <T extends KubeObject>(group: string, kind: string, plural: string, namespaced = true): Resource<T> =>
  defineResource<T>({ group, version: 'v1', kind, plural, namespaced });

export type Namespace = core.Namespace;
export type Node = core.Node;
export type Pod = core.Pod;
export type Secret = core.Secret;
export type ConfigMap = core.ConfigMap;
export type Service = core.Service;
export type ServiceAccount = core.ServiceAccount;
export type Endpoints = core.Endpoints;
export type PersistentVolume = core.PersistentVolume;
export type PersistentVolumeClaim = core.PersistentVolumeClaim;
export type CoreEvent = core.Event;
export type Deployment = apps.Deployment;
export type ReplicaSet = apps.ReplicaSet;
export type StatefulSet = apps.StatefulSet;
export type DaemonSet = apps.DaemonSet;
export type ControllerRevision = apps.ControllerRevision;
export type Job = batch.Job;
export type CronJob = batch.CronJob;
export type Lease = coordination.Lease;
export type EndpointSlice = discovery.EndpointSlice;
export type Event = events.Event;
export type Ingress = networking.Ingress;
export type IngressClass = networking.IngressClass;
export type NetworkPolicy = networking.NetworkPolicy;
export type PodDisruptionBudget = policy.PodDisruptionBudget;
export type Role = rbac.Role;
export type RoleBinding = rbac.RoleBinding;
export type ClusterRole = rbac.ClusterRole;
export type ClusterRoleBinding = rbac.ClusterRoleBinding;
export type CustomResourceDefinition = extensions.CustomResourceDefinition;
export type StorageClass = storage.StorageClass;
export type PriorityClass = scheduling.PriorityClass;
export type MutatingWebhookConfiguration = admission.MutatingWebhookConfiguration;
export type ValidatingWebhookConfiguration = admission.ValidatingWebhookConfiguration;
export type ValidatingAdmissionPolicy = admission.ValidatingAdmissionPolicy;
export type ValidatingAdmissionPolicyBinding = admission.ValidatingAdmissionPolicyBinding;

export const Namespace = define<core.Namespace>('', 'Namespace', 'namespaces', false);
export const Node = define<core.Node>('', 'Node', 'nodes', false);
export const Pod = define<core.Pod>('', 'Pod', 'pods');
export const Secret = define<core.Secret>('', 'Secret', 'secrets');
export const ConfigMap = define<core.ConfigMap>('', 'ConfigMap', 'configmaps');
export const Service = define<core.Service>('', 'Service', 'services');
export const ServiceAccount = define<core.ServiceAccount>('', 'ServiceAccount', 'serviceaccounts');
export const Endpoints = define<core.Endpoints>('', 'Endpoints', 'endpoints');
export const PersistentVolume = define<core.PersistentVolume>('', 'PersistentVolume', 'persistentvolumes', false);
export const PersistentVolumeClaim = define<core.PersistentVolumeClaim>(
  '',
  'PersistentVolumeClaim',
  'persistentvolumeclaims',
);
export const CoreEvent = define<core.Event>('', 'Event', 'events');
export const Deployment = define<apps.Deployment>('apps', 'Deployment', 'deployments');
export const ReplicaSet = define<apps.ReplicaSet>('apps', 'ReplicaSet', 'replicasets');
export const StatefulSet = define<apps.StatefulSet>('apps', 'StatefulSet', 'statefulsets');
export const DaemonSet = define<apps.DaemonSet>('apps', 'DaemonSet', 'daemonsets');
export const ControllerRevision = define<apps.ControllerRevision>('apps', 'ControllerRevision', 'controllerrevisions');
export const Job = define<batch.Job>('batch', 'Job', 'jobs');
export const CronJob = define<batch.CronJob>('batch', 'CronJob', 'cronjobs');
export const Lease = define<coordination.Lease>('coordination.k8s.io', 'Lease', 'leases');
export const EndpointSlice = define<discovery.EndpointSlice>('discovery.k8s.io', 'EndpointSlice', 'endpointslices');
export const Event = define<events.Event>('events.k8s.io', 'Event', 'events');
export const Ingress = define<networking.Ingress>('networking.k8s.io', 'Ingress', 'ingresses');
export const IngressClass = define<networking.IngressClass>(
  'networking.k8s.io',
  'IngressClass',
  'ingressclasses',
  false,
);
export const NetworkPolicy = define<networking.NetworkPolicy>('networking.k8s.io', 'NetworkPolicy', 'networkpolicies');
export const PodDisruptionBudget = define<policy.PodDisruptionBudget>(
  'policy',
  'PodDisruptionBudget',
  'poddisruptionbudgets',
);
export const Role = define<rbac.Role>('rbac.authorization.k8s.io', 'Role', 'roles');
export const RoleBinding = define<rbac.RoleBinding>('rbac.authorization.k8s.io', 'RoleBinding', 'rolebindings');
export const ClusterRole = define<rbac.ClusterRole>('rbac.authorization.k8s.io', 'ClusterRole', 'clusterroles', false);
export const ClusterRoleBinding = define<rbac.ClusterRoleBinding>(
  'rbac.authorization.k8s.io',
  'ClusterRoleBinding',
  'clusterrolebindings',
  false,
);
export const CustomResourceDefinition = define<extensions.CustomResourceDefinition>(
  'apiextensions.k8s.io',
  'CustomResourceDefinition',
  'customresourcedefinitions',
  false,
);
export const PriorityClass = define<scheduling.PriorityClass>(
  'scheduling.k8s.io',
  'PriorityClass',
  'priorityclasses',
  false,
);
export const StorageClass = define<storage.StorageClass>('storage.k8s.io', 'StorageClass', 'storageclasses', false);
export const MutatingWebhookConfiguration = define<admission.MutatingWebhookConfiguration>(
  'admissionregistration.k8s.io',
  'MutatingWebhookConfiguration',
  'mutatingwebhookconfigurations',
  false,
);
export const ValidatingWebhookConfiguration = define<admission.ValidatingWebhookConfiguration>(
  'admissionregistration.k8s.io',
  'ValidatingWebhookConfiguration',
  'validatingwebhookconfigurations',
  false,
);
export const ValidatingAdmissionPolicy = define<admission.ValidatingAdmissionPolicy>(
  'admissionregistration.k8s.io',
  'ValidatingAdmissionPolicy',
  'validatingadmissionpolicies',
  false,
);
export const ValidatingAdmissionPolicyBinding = define<admission.ValidatingAdmissionPolicyBinding>(
  'admissionregistration.k8s.io',
  'ValidatingAdmissionPolicyBinding',
  'validatingadmissionpolicybindings',
  false,
);
