// The built-in kinds.
import * as kube from '@stackwright/kube';
import { crdStrategy } from '../../crds/strategy.js';
import type { ServedResource } from '../resource.js';
import { builtin } from './define.js';

const workload = { categories: ['all'], subresources: ['status', 'scale'] as const, strategy: { generationFields: ['spec'] } };

export const builtinResources: readonly ServedResource[] = [
  builtin(kube.Namespace, { shortNames: ['ns'], subresources: ['status', 'finalize'], nameRule: 'label' }),
  builtin(kube.Node, { shortNames: ['no'], subresources: ['status'] }),
  builtin(kube.Pod, { shortNames: ['po'], categories: ['all'], subresources: ['status', 'log', 'binding'] }),
  builtin(kube.Secret),
  builtin(kube.ConfigMap, { shortNames: ['cm'] }),
  builtin(kube.Service, { shortNames: ['svc'], categories: ['all'], subresources: ['status'], nameRule: 'label1035' }),
  builtin(kube.ServiceAccount, { shortNames: ['sa'], subresources: ['token'] }),
  builtin(kube.Endpoints, { shortNames: ['ep'] }),
  builtin(kube.PersistentVolume, { shortNames: ['pv'], subresources: ['status'] }),
  builtin(kube.PersistentVolumeClaim, { shortNames: ['pvc'], subresources: ['status'] }),
  builtin(kube.CoreEvent, { shortNames: ['ev'] }),
  builtin(kube.Deployment, { shortNames: ['deploy'], ...workload }),
  builtin(kube.ReplicaSet, { shortNames: ['rs'], ...workload }),
  builtin(kube.StatefulSet, { shortNames: ['sts'], ...workload }),
  builtin(kube.DaemonSet, { shortNames: ['ds'], ...workload, subresources: ['status'] }),
  builtin(kube.ControllerRevision),
  builtin(kube.Job, { ...workload, subresources: ['status'] }),
  builtin(kube.CronJob, { shortNames: ['cj'], ...workload, subresources: ['status'] }),
  builtin(kube.Lease),
  builtin(kube.EndpointSlice),
  builtin(kube.Event, { shortNames: ['ev'] }),
  builtin(kube.PodDisruptionBudget, { shortNames: ['pdb'], subresources: ['status'], strategy: { generationFields: ['spec'] } }),
  builtin(kube.Role, { nameRule: 'path' }),
  builtin(kube.RoleBinding, { nameRule: 'path' }),
  builtin(kube.ClusterRole, { nameRule: 'path' }),
  builtin(kube.ClusterRoleBinding, { nameRule: 'path' }),
  builtin(kube.CustomResourceDefinition, { shortNames: ['crd', 'crds'], categories: ['api-extensions'], subresources: ['status'], strategy: crdStrategy }),
  builtin(kube.StorageClass, { shortNames: ['sc'] }),
];
