// Objects that tests are made of.
import { target } from './target.js';

export const configMap = (name: string, data: Record<string, string> = {}, metadata: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  data,
});

export const secret = (name: string, metadata: object = {}, extra: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, ...metadata },
  ...extra,
});

/** Without replicas: nothing of it needs to run. */
export const deployment = (name: string, spec: object = {}): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'main', image: 'busybox:1' }] } },
    ...spec,
  },
});

/** No node has what its selector asks for: it is never scheduled. */
export const pod = (name: string, spec: object = {}, metadata: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, ...metadata },
  spec: {
    nodeSelector: { 'conformance.stackwright.dev/never': 'true' },
    containers: [{ name: 'main', image: 'busybox:1' }],
    ...spec,
  },
});

/** Serves HTTP on port 8080 until it is told to end. */
export const server = (extra: object = {}): object => ({
  name: 'main',
  image: target.image.name,
  ...(target.image.serve.length > 0 ? { command: target.image.serve } : {}),
  ports: [{ containerPort: 8080 }],
  ...extra,
});

/** Does something that ends by itself, with success. */
export const task = (extra: object = {}): object => ({
  name: 'main',
  image: target.image.name,
  command: ['sh', '-c', 'echo done'],
  ...extra,
});

/** What runs for as long as it is wanted, and ends quickly when not. */
export const serving = (name: string, spec: object = {}, container: object = {}) => ({
  metadata: { labels: { app: name } },
  spec: { terminationGracePeriodSeconds: 1, containers: [server(container)], ...spec },
});

export const service = (name: string, spec: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { ports: [{ port: 80 }], ...spec },
});
