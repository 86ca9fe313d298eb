// Of the Gateway API, which is no part of Kubernetes itself: https://gateway-api.sigs.k8s.io. Only what we write of it.
import type { KubeObject } from '../meta.js';
import { defineResource } from '../resource.js';

export interface HTTPRoute extends KubeObject {
  spec?: {
    parentRefs?: { group?: string; kind?: string; namespace?: string; name: string; sectionName?: string }[];
    hostnames?: string[];
    rules?: {
      matches?: { path?: { type?: string; value?: string } }[];
      backendRefs?: { group?: string; kind?: string; name: string; port?: number; weight?: number }[];
    }[];
  };
  status?: {
    parents?: {
      parentRef: { namespace?: string; name: string; sectionName?: string };
      controllerName: string;
      conditions?: { type: string; status: string; reason: string; message: string; observedGeneration?: number }[];
    }[];
  };
}

export const HTTPRoute = defineResource<HTTPRoute>({
  group: 'gateway.networking.k8s.io',
  version: 'v1',
  kind: 'HTTPRoute',
  plural: 'httproutes',
  namespaced: true,
  optional: true,
});
