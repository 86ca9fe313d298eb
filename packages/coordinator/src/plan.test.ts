import type { CustomResourceDefinition } from '@stackwright/kube';
import { describe, expect, it } from 'vitest';
import { serviceKinds } from './discovery.js';
import { planOf } from './plan.js';
import { crdOfService } from './testing/kinds.js';

const crds = [
  crdOfService({ service: 'keystone', provides: 'identity', requires: ['database', 'cache'] }, { release: true }),
  crdOfService({ service: 'mariadb', provides: 'database' }),
  crdOfService({ service: 'memcached', provides: 'cache' }),
  crdOfService({ service: 'nova', requires: ['placement', 'identity'] }, { release: true }),
  crdOfService({ service: 'placement', requires: ['identity'] }, { release: true }),
];
const kinds = serviceKinds(crds);
const base = { release: '2025.1', deletionPolicy: 'Retain' as const };

describe('discovery', () => {
  it('knows no CRD but those of services', () => {
    const claim: CustomResourceDefinition = {
      ...crds[0]!,
      metadata: { name: 'databaseclaims.claims.stackwright.dev' },
    };
    expect(serviceKinds([claim])).toEqual([]);
  });

  it('takes the stored version, and forgets a CRD that is being deleted', () => {
    const [crd] = crds;
    const [stored] = crd!.spec.versions;
    const both: CustomResourceDefinition = {
      ...crd!,
      spec: { ...crd!.spec, versions: [{ ...stored!, name: 'v1beta1', storage: false }, stored!] },
    };
    expect(serviceKinds([both])[0]?.resource.version).toBe('v1alpha1');
    expect(
      serviceKinds([{ ...crd!, metadata: { ...crd!.metadata, deletionTimestamp: '2025-01-01T00:00:00Z' } }]),
    ).toEqual([]);
  });
});

describe('a plan', () => {
  it('hands down release and deletion policy to those that have them, and everything else unread', () => {
    const { services, problems } = planOf(
      {
        ...base,
        infrastructure: { database: { mariadb: { managed: true, storage: '20Gi' } as never } },
        services: { keystone: { managed: true, replicas: 2, config: { 'keystone.conf': {} } } as never },
      },
      kinds,
    );
    expect(problems).toEqual([]);
    expect(services.map(({ spec }) => spec)).toEqual([
      { deletionPolicy: 'Retain', storage: '20Gi' },
      { deletionPolicy: 'Retain', release: '2025.1', replicas: 2, config: { 'keystone.conf': {} } },
    ]);
  });

  it('lets one service have another release and another deletion policy', () => {
    const { services } = planOf(
      { ...base, services: { nova: { managed: true, release: '2026.1', deletionPolicy: 'Delete' } as never } },
      kinds,
    );
    expect(services[0]).toMatchObject({ release: '2026.1', spec: { release: '2026.1', deletionPolicy: 'Delete' } });
  });

  it('puts each service after those that it needs, however they are named', () => {
    const managed = { managed: true };
    const { services } = planOf(
      {
        ...base,
        services: { nova: managed, placement: managed, keystone: managed },
        infrastructure: { cache: { memcached: managed }, database: { mariadb: managed } },
      },
      kinds,
    );
    expect(services.map(({ kind }) => kind.service)).toEqual(['memcached', 'mariadb', 'keystone', 'placement', 'nova']);
  });

  it('names an unknown service by its path, and those that there are', () => {
    const { services, problems } = planOf(
      { ...base, services: { keystoen: { managed: true }, nova: { managed: true } } },
      kinds,
    );
    expect(problems).toEqual([
      {
        reason: 'UnknownService',
        message:
          'spec.services.keystoen: this cluster has no service "keystoen"; did you mean keystone? (it has keystone, mariadb, memcached, nova, placement)',
      },
    ]);
    expect(services.map(({ kind }) => kind.service)).toEqual(['nova']);
  });

  it('refuses a service in a role that it does not play, and one that is named twice', () => {
    const { problems } = planOf(
      {
        ...base,
        infrastructure: { database: { memcached: { managed: true } } },
        services: { mariadb: { managed: true }, memcached: { managed: true } },
      },
      kinds,
    );
    expect(problems).toEqual([
      {
        reason: 'InvalidSpec',
        message: 'spec.infrastructure.database.memcached: memcached is no database but a cache',
      },
    ]);
    const twice = planOf(
      {
        ...base,
        infrastructure: { cache: { memcached: { managed: true } } },
        services: { memcached: { managed: true } },
      },
      kinds,
    );
    expect(twice.problems).toEqual([
      { reason: 'InvalidSpec', message: 'spec.services.memcached: memcached is named twice' },
    ]);
  });

  it('is not caught in a circle', () => {
    const circular = serviceKinds([
      crdOfService({ service: 'nova', requires: ['neutron'] }),
      crdOfService({ service: 'neutron', requires: ['nova'] }),
    ]);
    const { services } = planOf(
      { ...base, services: { nova: { managed: true }, neutron: { managed: true } } },
      circular,
    );
    expect(services.map(({ kind }) => kind.service)).toEqual(['neutron', 'nova']);
  });
});
