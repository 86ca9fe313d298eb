import { ConfigMap } from '@stackwright/kube';
import { describe, expect, it } from 'vitest';
import { SnapshotReader } from '../testing/graph-harness.js';
import { Overlay } from './overlay.js';

describe('what a reconcile has written', () => {
  it('is read as the cache would show it: nobody keeps who owns which field', () => {
    const overlay = new Overlay(new SnapshotReader());
    const metadata = { namespace: 'ns', name: 'a', uid: 'u', resourceVersion: '2' };
    const answer = { metadata: { ...metadata, managedFields: [{ manager: 'me' }] }, data: { k: 'v' } };
    overlay.wrote(ConfigMap, answer);
    expect(overlay.get(ConfigMap, metadata)).toEqual({ metadata, data: { k: 'v' } });
    expect(answer.metadata.managedFields).toHaveLength(1);
  });
});
