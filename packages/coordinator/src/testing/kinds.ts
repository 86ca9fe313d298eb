// CRDs of services, as a cluster has them.
import { groups, publish } from '@stackwright/api';
import type { CustomResourceDefinition } from '@stackwright/kube';

export function crdOfService(
  service: { service: string; provides?: string; requires?: readonly string[] },
  options: { release?: boolean } = {},
): CustomResourceDefinition {
  const name = service.service;
  const string = { type: 'string' };
  const free = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const own = { replicas: { type: 'integer' }, storage: string, config: free };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${name}s.${groups.of(name)}`, ...publish(service) },
    spec: {
      group: groups.of(name),
      names: { kind: name.charAt(0).toUpperCase() + name.slice(1), plural: `${name}s` },
      scope: 'Namespaced',
      versions: [
        {
          name: 'v1alpha1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                spec: {
                  type: 'object',
                  properties: { ...own, deletionPolicy: string, ...(options.release ? { release: string } : {}) },
                },
              },
            },
          },
        },
      ],
    },
  };
}
