import type { Keystone } from '../crd.js';

const rotation = (schedule: string) => ({ schedule, suspend: false, propagationSeconds: 120 });

/** A Keystone with all that the API server would fill in. */
export const keystone = (spec: Partial<Keystone['spec']> = {}): Omit<Keystone, 'metadata'> => ({
  apiVersion: 'keystone.stackwright.dev/v1alpha1',
  kind: 'Keystone',
  spec: {
    release: '2025.1',
    replicas: 1,
    region: 'RegionOne',
    deletionPolicy: 'Retain',
    fernet: { maxActiveKeys: 3, rotation: rotation('0 0 * * 0') },
    credential: { rotation: rotation('0 0 1 * *') },
    purge: { schedule: '23 3 * * *', olderThanDays: 30, suspend: false },
    ...spec,
  },
});
