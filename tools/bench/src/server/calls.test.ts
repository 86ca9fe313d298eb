import { describe, expect, it } from 'vitest';
import { callOf } from './call-of.js';
import { difference, sum } from './protocol.js';

describe('counting calls', () => {
  it.each([
    ['GET', '/api/v1/namespaces/a/configmaps?limit=500', 'list configmaps'],
    ['GET', '/api/v1/namespaces/a/configmaps?watch=true', 'watch configmaps'],
    ['GET', '/apis/apps/v1/deployments', 'list deployments'],
    ['GET', '/api/v1/namespaces/a', 'get namespaces'],
    ['POST', '/api/v1/namespaces', 'create namespaces'],
    ['PATCH', '/apis/x.dev/v1/namespaces/a/widgets/b/status?fieldManager=c', 'patch widgets/status'],
    ['PUT', '/apis/coordination.k8s.io/v1/namespaces/a/leases/b', 'update leases'],
    ['DELETE', '/api/v1/namespaces/a/configmaps/b', 'delete configmaps'],
    ['DELETE', '/api/v1/namespaces/a/configmaps', 'deletecollection configmaps'],
    ['GET', '/healthz', undefined],
    ['GET', '/apis/apps/v1', undefined],
    ['PATCH', '/api/v1/namespaces/a/configmaps/fresh-1', undefined],
  ])('%s %s is %s', (method, path, call) => {
    expect(callOf(method, path)).toBe(call);
  });

  it('takes what was before away', () => {
    expect(difference({ 'list a': 3, 'get b': 1 }, { 'list a': 1, 'get b': 1 })).toEqual({ 'list a': 2 });
  });

  it('keeps renewals of the Lease apart', () => {
    expect(
      sum({ 'patch widgets/status': 2, 'create events': 3, 'watch widgets': 1, 'update leases': 9, 'get leases': 1 }),
    ).toEqual({ all: 6, mutating: 5, lease: 10, events: 3 });
  });
});
