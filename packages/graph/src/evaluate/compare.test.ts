import { describe, expect, it } from 'vitest';
import {
  ConfigMap,
  defineResource,
  Deployment,
  HTTPRoute,
  Pod,
  Service,
  StatefulSet,
  type KubeObject,
  type Resource,
} from '@stackwright/kube';
import { differences, project } from './compare.js';
import { formatPath } from './paths.js';

const diff = (desired: object, observed: object, resource: Resource = Pod) =>
  differences(resource, desired, observed).map(formatPath);
const NetworkPolicy = defineResource<KubeObject>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  namespaced: true,
});
const pod = (container: object, more: object = {}) => ({
  spec: { containers: [{ name: 'app', ...container }], ...more },
});

describe('differences', () => {
  it('leaves alone what others added: defaults, sidecars, environment, volumes, labels', () => {
    const desired = { metadata: { labels: { a: '1' } }, ...pod({ image: 'x', env: [{ name: 'A', value: '1' }] }) };
    const observed = {
      metadata: { labels: { a: '1', theirs: '2' }, uid: 'u' },
      spec: {
        restartPolicy: 'Always',
        volumes: [{ name: 'injected' }],
        containers: [
          { name: 'sidecar' },
          { name: 'app', image: 'x', imagePullPolicy: 'IfNotPresent', env: [{ name: 'B' }, { name: 'A', value: '1' }] },
        ],
      },
    };
    expect(diff(desired, observed)).toEqual([]);
  });

  it('names the fields that differ', () => {
    const desired = { ...pod({ image: 'x', env: [{ name: 'A', value: '1' }] }), data: { k: 'v' } };
    const observed = { ...pod({ image: 'y', env: [{ name: 'A', value: '2' }] }), data: {} };
    expect(diff(desired, observed)).toEqual([
      'spec.containers[app].image',
      'spec.containers[app].env[A].value',
      'data.k',
    ]);
  });

  it('compares lists by the keys by which the API merges them', () => {
    const service = (...ports: object[]) => ({ spec: { ports } });
    expect(
      diff(
        service({ port: 1, targetPort: 2 }),
        service({ port: 3, protocol: 'TCP' }, { port: 1, protocol: 'TCP', targetPort: 2 }),
        Service,
      ),
    ).toEqual([]);
    expect(diff(service({ port: 1, protocol: 'UDP' }), service({ port: 1, protocol: 'TCP' }), Service)).toEqual([
      'spec.ports[1/UDP]',
    ]);
    const mounts = (...volumeMounts: object[]) => pod({ volumeMounts });
    expect(
      diff(
        mounts({ mountPath: '/a', name: 'x' }),
        mounts({ mountPath: '/b', name: 'x' }, { mountPath: '/a', name: 'y' }),
      ),
    ).toEqual(['spec.containers[app].volumeMounts[/a].name']);
  });

  it('compares other lists as a whole, in order', () => {
    expect(diff(pod({ args: ['a', 'b'] }), pod({ args: ['b', 'a'] }))).toEqual([
      'spec.containers[app].args[0]',
      'spec.containers[app].args[1]',
    ]);
    expect(diff(pod({ args: ['a'] }), pod({ args: ['a', 'b'] }))).toEqual(['spec.containers[app].args']);
  });

  it('does not take a list that is one value for one that merges by keys, since it is called as that is', () => {
    const policy = (...ports: object[]) => ({ spec: { ingress: [{ ports }] } });
    expect(diff(policy({ port: 1 }), policy({ port: 1, protocol: 'TCP' }), NetworkPolicy)).toEqual([]);
    expect(diff(policy({ port: 1 }), policy({ port: 1 }, { port: 2 }), NetworkPolicy)).toEqual([
      'spec.ingress[0].ports',
    ]);
    expect(diff(policy({ port: 1 }, { port: 2 }), policy({ port: 2 }, { port: 1 }), NetworkPolicy)).toEqual([
      'spec.ingress[0].ports[0].port',
      'spec.ingress[0].ports[1].port',
    ]);
  });

  it('knows that nobody may add anything to what is one value, but what the server fills in', () => {
    const from = (peer: object, more: object = {}) => ({ spec: { ingress: [{ from: [peer], ...more }] } });
    const peer = { podSelector: { matchLabels: { a: '1' } } };
    const added = (observed: object) => diff(from(peer), observed, NetworkPolicy);
    expect(added(from(peer, { ports: [] }))).toEqual([]);
    expect(added(from({ ...peer, namespaceSelector: { matchLabels: { b: '2' } } }))).toEqual([
      'spec.ingress[0].from[0].namespaceSelector',
    ]);
    expect(added(from({ podSelector: { matchLabels: { a: '1', b: '2' } } }))).toEqual([
      'spec.ingress[0].from[0].podSelector.matchLabels.b',
    ]);
    expect(added(from(peer, { ports: [{ port: 1 }] }))).toEqual(['spec.ingress[0].ports']);
    const service = (selector: object) => ({ spec: { selector } });
    expect(diff(service({ a: '1' }), service({ a: '1', b: '2' }), Service)).toEqual(['spec.selector.b']);
    const env = (more: object) => pod({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'x', ...more } } }] });
    expect(diff(env({}), env({ apiVersion: 'v1' }))).toEqual([]);
    const claims = (more: object) => ({ spec: { volumeClaimTemplates: [{ metadata: { name: 'data' }, ...more }] } });
    const filledIn = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', status: { phase: 'Pending' } };
    expect(diff(claims({}), claims(filledIn), StatefulSet)).toEqual([]);
  });

  it('knows nothing of what the server fills in where it has no schema', () => {
    const route = (rule: object) => ({ spec: { rules: [rule] } });
    const matches = [{ path: { type: 'PathPrefix', value: '/' } }];
    expect(diff(route({}), route({ matches }), HTTPRoute)).toEqual([]);
    expect(diff(route({}), { spec: { rules: [{}, {}] } }, HTTPRoute)).toEqual(['spec.rules']);
  });

  it('compares the order of what merges by keys, whatever others put between', () => {
    const inits = (...names: string[]) => ({
      spec: { template: { spec: { initContainers: names.map((name) => ({ name })) } } },
    });
    const order = (...names: string[]) => diff(inits('a', 'b', 'c'), inits(...names), Deployment);
    expect(order('x', 'a', 'b', 'y', 'c')).toEqual([]);
    expect(order('b', 'a', 'c')).toEqual(['spec.template.spec.initContainers']);
    expect(order('c', 'a')).toEqual(['spec.template.spec.initContainers[b]', 'spec.template.spec.initContainers']);
    const taken = (...names: string[]) => project(Deployment, inits('a', 'b'), inits(...names));
    expect(taken('b', 'x', 'a')).toEqual(inits('b', 'a'));
  });

  it('compares quantities by what they amount to, and only where quantities are', () => {
    const limits = (memory: string | number) => pod({ resources: { limits: { memory } } });
    expect(diff(limits('1Gi'), limits('1024Mi'))).toEqual([]);
    expect(diff(limits('1Gi'), limits('1G'))).toEqual(['spec.containers[app].resources.limits.memory']);
    expect(diff({ data: { a: '1' } }, { data: { a: '1000m' } }, ConfigMap)).toEqual(['data.a']);
  });

  it('knows that the API drops what is empty, and that false is not empty', () => {
    const desired = pod(
      { env: [{ name: 'A', value: '' }], args: [] },
      { securityContext: {}, automountServiceAccountToken: false },
    );
    expect(diff(desired, pod({ env: [{ name: 'A' }] }))).toEqual(['spec.automountServiceAccountToken']);
  });

  it('projects an object onto the fields that are spoken of', () => {
    const observed = { ...pod({ image: 'X', extra: 1 }, { restartPolicy: 'Always' }), status: {} };
    expect(project(Pod, pod({ image: 'x' }), observed)).toEqual(pod({ image: 'X' }));
  });
});
