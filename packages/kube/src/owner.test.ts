import { describe, expect, it } from 'vitest';
import { controllerOf, controllerReference, isControlledBy } from './owner.js';
import { ClusterRole, Deployment } from './resources/builtin.js';

describe('owners', () => {
  const owner = { metadata: { name: 'api', namespace: 'openstack', uid: 'u1' } };

  it('names the owner', () => {
    expect(controllerReference(Deployment, owner, 'openstack')).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      name: 'api',
      uid: 'u1',
      controller: true,
      blockOwnerDeletion: true,
    });
  });

  it('refuses to cross namespaces, which the garbage collector takes for an owner that is gone', () => {
    expect(() => controllerReference(Deployment, owner, 'other')).toThrow(
      'deployments.apps openstack/api cannot own an object in namespace other',
    );
    expect(() => controllerReference(Deployment, owner, undefined)).toThrow('cannot own a cluster-scoped object');
    expect(controllerReference(ClusterRole, { metadata: { name: 'r', uid: 'u2' } }, 'other').kind).toBe('ClusterRole');
  });

  it('refuses an owner that the server has not seen', () => {
    expect(() =>
      controllerReference(Deployment, { metadata: { name: 'api', namespace: 'openstack' } }, 'openstack'),
    ).toThrow('uid');
  });

  it('tells the owner from a namesake by the uid', () => {
    const child = {
      metadata: {
        ownerReferences: [
          { apiVersion: 'v1', kind: 'X', name: 'x', uid: 'u0' },
          controllerReference(Deployment, owner, 'openstack'),
        ],
      },
    };
    expect(controllerOf(child)?.uid).toBe('u1');
    expect(isControlledBy(child, owner)).toBe(true);
    expect(isControlledBy(child, { metadata: { ...owner.metadata, uid: 'u9' } })).toBe(false);
    expect(isControlledBy({}, {})).toBe(false);
  });
});
