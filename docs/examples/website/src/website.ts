import { Type } from '@sinclair/typebox';
import { defineGraph, done, hashOf, moduleOfGraphs, rolloutOf } from '@stackwright/graph';
import { ConfigMap, defineCustomResource, Deployment, Pod, Service, statusOf, type ObjectOf } from '@stackwright/kube';
import { contentOf, serverOf, serviceOf } from './children.js';

export const Website = defineCustomResource({
  group: 'example.org',
  version: 'v1',
  kind: 'Website',
  plural: 'websites',
  description: 'A page, served by as many Pods as it takes.',
  spec: Type.Object({
    page: Type.String({ description: 'The page, as HTML.', minLength: 1 }),
    replicas: Type.Integer({ description: 'How many Pods serve it.', minimum: 0, maximum: 100, default: 2 }),
  }),
  status: statusOf({ url: Type.Optional(Type.String({ description: 'Where it is, within the cluster.' })) }),
  printerColumns: [{ name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' }],
});
export type Website = ObjectOf<typeof Website>;

export const websiteGraph = defineGraph(
  Website,
  (g) => {
    const content = g.step({
      name: 'Content', // the condition ContentReady
      owns: [ConfigMap], // watched, and in the Role
      run(scope) {
        scope.own(ConfigMap, contentOf(scope.name, scope.object.spec.page)); // shall be so: the library sees to it
        return done(hashOf(scope.object.spec.page, 8));
      },
    });
    const server = g.step({
      name: 'Server',
      after: [content], // run when Content is done
      owns: [Deployment],
      reads: [{ resource: Pod, parts: true }],
      run(scope) {
        const wanted = serverOf(scope.name, scope.labels, scope.object.spec.replicas, scope.output(content));
        return rolloutOf(scope, Deployment, scope.name, scope.own(Deployment, wanted)); // not done until its Pods are ready, and says why
      },
    });
    g.step({
      name: 'Address',
      after: [server], // no address before somebody answers there
      owns: [Service],
      run(scope) {
        scope.own(Service, serviceOf(scope.name, scope.labels));
        return done();
      },
    });
  },
  { status: ({ name, namespace }) => ({ url: `http://${name}.${namespace}.svc` }) },
);

export const website = moduleOfGraphs({ name: 'website', customResources: [Website], graphs: [websiteGraph] });
