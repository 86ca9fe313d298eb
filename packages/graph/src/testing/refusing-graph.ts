// A graph of which a step can be refused, for tests of what becomes of what runs meanwhile.
import { ConfigMap, Deployment, Secret, Service } from '@stackwright/kube';
import { defineGraph } from '../declare/graph.js';
import { done, failed, waiting } from '../declare/step.js';
import { Sample } from './sample.js';

/**
 * Config refuses the colour "wrong", and waits for the Secret that the colour "secret" stands for. App stands on it, and has
 * nothing but its Service and its Deployment where the colour is "none".
 */
export const refusingGraph = defineGraph<Sample>(Sample, (g) => {
  const config = g.step({
    name: 'Config',
    owns: [ConfigMap],
    reads: [Secret],
    run(scope) {
      const { color = '' } = scope.object.spec;
      const secret = scope.get(Secret, 'color');
      if (color === 'wrong') return failed('InvalidConfig', `${color} is no colour`);
      if (color === 'secret' && !secret) return waiting('WaitingForObject', 'no Secret color');
      scope.own(ConfigMap, { metadata: { name: 'config' }, data: { color } });
      return done(color);
    },
  });
  g.step({
    name: 'App',
    after: [config],
    owns: [ConfigMap, Deployment, Service],
    run(scope) {
      const { labels } = scope;
      const color = scope.output(config);
      const there = scope.get(ConfigMap, 'app');
      if (color === 'none') {
        if (there) scope.remove(ConfigMap, there);
        return waiting('WaitingForObject', 'a colour');
      }
      scope.own(ConfigMap, { metadata: { name: 'app' }, data: { color } });
      scope.own(Service, { metadata: { name: 'sample' }, spec: { selector: labels, ports: [{ port: 80 }] } });
      const template = { metadata: { labels }, spec: { containers: [{ name: 'app', image: color }] } };
      const spec = { replicas: 2, selector: { matchLabels: labels }, template };
      scope.own(Deployment, { metadata: { name: 'sample' }, spec }, { atCreation: ['spec.replicas'] });
      return done();
    },
    meanwhile({ spec: { replicas } }, child) {
      const { spec } = child as Readonly<Deployment>;
      const isScaled = child.kind === 'Deployment' && replicas !== undefined;
      return isScaled ? { ...child, ...{ spec: { ...spec, replicas } } } : child;
    },
  });
});
