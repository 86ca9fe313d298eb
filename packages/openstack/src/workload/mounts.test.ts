import { describe, expect, it } from 'vitest';
import { servicePod } from './container.js';
import { volumesOf } from './mounts.js';

describe('mounts', () => {
  it('share one volume per source', () => {
    const { volumes, volumeMounts } = volumesOf([
      { path: '/etc/x/x.conf', secret: 'x-config', file: 'x.conf' },
      { path: '/etc/x/y.conf', secret: 'x-config', file: 'y.conf' },
      { path: '/etc/x/keys', secret: 'x-keys' },
      { path: '/data', claim: 'x-data' },
    ]);
    expect(volumes).toEqual([
      { name: 'secret-x-config', secret: { secretName: 'x-config', defaultMode: 0o440 } },
      { name: 'secret-x-keys', secret: { secretName: 'x-keys', defaultMode: 0o440 } },
      { name: 'claim-x-data', persistentVolumeClaim: { claimName: 'x-data' } },
    ]);
    expect(volumeMounts).toEqual([
      { name: 'secret-x-config', mountPath: '/etc/x/x.conf', subPath: 'x.conf', readOnly: true },
      { name: 'secret-x-config', mountPath: '/etc/x/y.conf', subPath: 'y.conf', readOnly: true },
      { name: 'secret-x-keys', mountPath: '/etc/x/keys', readOnly: true },
      { name: 'claim-x-data', mountPath: '/data' },
    ]);
  });

  it('have names that fit, however long the source is called, and differ when sources do', () => {
    const names = ['a', 'b'].map(
      (end) => volumesOf([{ path: '/x', secret: 'x'.repeat(200) + end }]).volumes[0]?.name ?? '',
    );
    expect(names.every((name) => name.length <= 63 && /^[a-z0-9-]+$/.test(name))).toBe(true);
    expect(new Set(names).size).toBe(2);
    const modes = volumesOf([
      { path: '/x', secret: 's' },
      { path: '/y', secret: 's', mode: 0o400 },
    ]).volumes;
    expect(modes.map(({ secret }) => secret?.defaultMode)).toEqual([0o440, 0o400]);
  });
});

describe("a service's Pod", () => {
  const pod = servicePod({
    name: 'api',
    image: 'i',
    user: { uid: 7, gid: 8 },
    command: ['run'],
    mounts: [],
    env: [],
    writable: ['/var/lib/x', '/tmp'],
    resources: { requests: { cpu: '1' } },
    scheduling: { priorityClassName: 'high' },
  });

  it('has no more rights than it needs', () => {
    expect(pod).toMatchObject({
      automountServiceAccountToken: false,
      priorityClassName: 'high',
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 7,
        runAsGroup: 8,
        fsGroup: 8,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [
        {
          terminationMessagePolicy: 'FallbackToLogsOnError',
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
        },
      ],
    });
  });

  it('can write where it has to', () => {
    expect(pod.containers[0]?.volumeMounts?.map(({ mountPath }) => mountPath)).toEqual([
      '/tmp',
      '/var/tmp',
      '/run',
      '/var/lib/x',
    ]);
  });
});
