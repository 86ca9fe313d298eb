// A small service for tests: a Secret written once, a ConfigMap, a Deployment that needs both.
import { defineResource, ConfigMap, Deployment, Secret, type KubeObject } from '@stackwright/kube';
import { defineGraph, type GraphOptions } from '../declare/graph.js';
import { done, waiting, type GraphBuilder, type Reconciled, type StepHandle } from '../declare/step.js';

export interface Sample extends Reconciled {
  spec: {
    color?: string;
    replicas?: number;
    extras?: readonly string[];
    deletionPolicy?: 'Retain' | 'Delete';
    paused?: boolean;
  };
}

export const Sample = defineResource<Sample>({
  group: 'test.dev',
  version: 'v1',
  kind: 'Sample',
  plural: 'samples',
  namespaced: true,
});

export const sample = (spec: Sample['spec'] = {}) => ({ apiVersion: 'test.dev/v1', kind: 'Sample', spec });

export function declareSample(g: GraphBuilder<Sample>): {
  password: StepHandle<string>;
  config: StepHandle<string>;
  app: StepHandle;
} {
  const password = g.step({
    name: 'Password',
    owns: [Secret],
    run(scope) {
      const secret = scope.ownOnce(
        Secret,
        `${scope.name}-password`,
        (random) => ({
          metadata: { name: `${scope.name}-password` },
          data: { password: Buffer.from(random.bytes(12)).toString('hex') },
        }),
        { retain: true },
      );
      return secret ? done(secret.data?.['password'] ?? '') : waiting('Pending', 'Waits for the password');
    },
  });
  const config = g.step({
    name: 'Config',
    owns: [ConfigMap],
    run(scope) {
      const { color = 'red', extras = [] } = scope.object.spec;
      scope.own(ConfigMap, { metadata: { name: `${scope.name}-config` }, data: { color } });
      for (const extra of extras) scope.own(ConfigMap, { metadata: { name: `${scope.name}-${extra}` }, data: {} });
      return done(color);
    },
  });
  const app = g.step({
    name: 'App',
    after: [password, config],
    owns: [Deployment],
    run(scope) {
      const labels = scope.labels;
      const deployment = scope.own(Deployment, {
        metadata: { name: scope.name },
        spec: {
          replicas: scope.object.spec.replicas ?? 1,
          selector: { matchLabels: labels },
          template: {
            metadata: { labels, annotations: { color: scope.output(config) } },
            spec: {
              containers: [
                {
                  name: 'app',
                  image: 'app:1',
                  resources: { requests: { cpu: '1000m' } },
                  env: [{ name: 'A', value: 'a' }],
                },
              ],
            },
          },
        },
      });
      const { status, metadata } = deployment ?? {};
      const isReady = status?.observedGeneration === metadata?.generation && (status?.readyReplicas ?? 0) > 0;
      if (!deployment || !isReady) {
        const on = { apiVersion: 'apps/v1', kind: 'Deployment', name: scope.name, namespace: scope.namespace };
        return waiting('RolloutInProgress', `Deployment ${scope.name} has no ready Pod`, { on });
      }
      return done();
    },
  });
  return { password, config, app };
}

export const sampleGraph = (options: GraphOptions<Sample> = {}) =>
  defineGraph<Sample>(Sample, (g) => void declareSample(g), options);

/** What the Deployment controller would say. */
export const rolledOut = (deployment: Readonly<KubeObject> | undefined) => ({
  status: { observedGeneration: deployment?.metadata?.generation ?? 1, readyReplicas: 1 },
});
