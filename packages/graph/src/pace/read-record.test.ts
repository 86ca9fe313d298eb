import { ConfigMap, Secret } from '@stackwright/kube';
import { describe, expect, it } from 'vitest';
import { SnapshotReader } from '../testing/graph-harness.js';
import { ReadRecord } from './read-record.js';

const key = { namespace: 'ns', name: 'a' };

describe('the record of what was read', () => {
  it('is none where anything could not be read, whatever could be afterwards', () => {
    const reader = new SnapshotReader();
    reader.missing.add('secrets');
    const record = new ReadRecord(reader);
    record.get(ConfigMap, key);
    expect(record.reads).toHaveLength(1);
    expect(() => record.get(Secret, key)).toThrow();
    record.list(ConfigMap);
    record.ownedBy(ConfigMap, 'uid');
    expect(record.reads).toBeUndefined();
  });
});
