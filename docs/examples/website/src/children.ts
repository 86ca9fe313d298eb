// What a Website consists of: plain objects, made from its name and its spec.
import { restricted, type Desired } from '@stackwright/graph';
import type { ConfigMap, Deployment, Service } from '@stackwright/kube';

type Labels = Readonly<Record<string, string>>;

export const contentOf = (name: string, page: string): Desired<ConfigMap> => ({
  metadata: { name },
  data: { 'index.html': page },
});

/** `version` of the page is in the template, so that another page replaces the Pods. */
export const serverOf = (name: string, labels: Labels, replicas: number, version: string): Desired<Deployment> => ({
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { ...labels } },
    template: {
      metadata: { labels: { ...labels }, annotations: { 'example.org/page': version } },
      spec: restricted(
        {
          containers: [
            {
              name: 'web',
              image: 'docker.io/nginxinc/nginx-unprivileged:1.29',
              ports: [{ name: 'http', containerPort: 8080 }],
              readinessProbe: { httpGet: { path: '/', port: 'http' } },
              volumeMounts: [
                { name: 'page', mountPath: '/usr/share/nginx/html' },
                { name: 'tmp', mountPath: '/tmp' },
              ],
            },
          ],
          volumes: [
            { name: 'page', configMap: { name } },
            { name: 'tmp', emptyDir: {} },
          ],
        },
        { uid: 101, gid: 101 },
      ),
    },
  },
});

export const serviceOf = (name: string, labels: Labels): Desired<Service> => ({
  metadata: { name },
  spec: { selector: { ...labels }, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
});
