import { describe, expect, it } from 'vitest';
import { clientPod } from '../openstack/client-pod.js';
import { imageFor } from './openstack.js';

const registry = 'registry.example.org/stackwright/keystone:2025.1';

describe('the OpenStack client runs from', () => {
  it("the image that Keystone's Pods run from, wherever the nodes have that, with what its registry asks for", () => {
    const chosen = imageFor(
      { spec: { imagePullSecrets: [{ name: 'registry' }] }, status: { image: registry } },
      undefined,
    );
    const { spec: pod } = clientPod({ namespace: 'openstack', ...chosen, secret: 's', cloud: 'c', args: ['token'] });
    expect(pod?.containers[0]?.image).toBe(registry);
    expect(pod?.imagePullSecrets).toEqual([{ name: 'registry' }]);
  });

  it('the image that is asked for', () => {
    expect(imageFor({ spec: {}, status: { image: registry } }, 'client:1')).toEqual({ image: 'client:1' });
  });

  it('nothing, where no controller has looked at Keystone yet', () => {
    expect(() => imageFor({ spec: {}, metadata: { name: 'keystone' } }, undefined)).toThrow(
      'No controller has chosen an image for Keystone keystone yet.',
    );
  });
});
