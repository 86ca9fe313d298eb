import { describe, expect, it } from 'vitest';
import { differences, project } from './compare.js';
import { formatPath } from './paths.js';

const diff = (desired: object, observed: object) => differences(desired, observed).map(formatPath);
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
      ),
    ).toEqual([]);
    expect(diff(service({ port: 1, protocol: 'UDP' }), service({ port: 1, protocol: 'TCP' }))).toEqual([
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

  it('compares quantities by what they amount to, and only where quantities are', () => {
    const limits = (memory: string | number) => pod({ resources: { limits: { memory } } });
    expect(diff(limits('1Gi'), limits('1024Mi'))).toEqual([]);
    expect(diff(limits('1Gi'), limits('1G'))).toEqual(['spec.containers[app].resources.limits.memory']);
    expect(diff({ data: { a: '1' } }, { data: { a: '1000m' } })).toEqual(['data.a']);
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
    expect(project(pod({ image: 'x' }), observed)).toEqual(pod({ image: 'X' }));
  });
});
