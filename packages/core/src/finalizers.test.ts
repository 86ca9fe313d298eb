import { isConflict, Secret } from '@stackwright/kube';
import { describe, expect, it } from 'vitest';
import { addFinalizer, hasFinalizer, removeFinalizer } from './finalizers.js';
import { FakeClient } from './testing/index.js';

const key = { namespace: 'ns', name: 'a' };
const mine = 'example.dev/cleanup';

describe('finalizers', () => {
  it('are added and removed beside those of others, with one write each', async () => {
    const client = new FakeClient();
    await client.seed(Secret, { metadata: { ...key, finalizers: ['other.dev/x'] } });
    const added = await addFinalizer(client, Secret, await client.get(Secret, key), mine);
    expect(added.metadata?.finalizers).toEqual(['other.dev/x', mine]);
    expect(await addFinalizer(client, Secret, added, mine)).toBe(added);
    expect(await removeFinalizer(client, Secret, added, mine)).toEqual(client.peek(Secret, key));
    expect(client.peek(Secret, key)?.metadata?.finalizers).toEqual(['other.dev/x']);
    expect(client.writes).toHaveLength(2);
  });

  it('do not undo what somebody else did meanwhile', async () => {
    const client = new FakeClient();
    await client.seed(Secret, { metadata: key });
    const stale = await client.get(Secret, key);
    await client.patch(Secret, key, { type: 'merge', body: { metadata: { finalizers: ['other.dev/x'] } } });
    await expect(addFinalizer(client, Secret, stale, mine)).rejects.toSatisfy(isConflict);
    expect(hasFinalizer(client.peek(Secret, key)!, 'other.dev/x')).toBe(true);
  });

  it('count as removed when the object is gone, and leave an object alone that was made anew under its name', async () => {
    const client = new FakeClient();
    await client.seed(Secret, { metadata: { ...key, finalizers: [mine] } });
    const old = await client.get(Secret, key);
    await client.patch(Secret, key, { type: 'merge', body: { metadata: { finalizers: [] } } });
    await client.delete(Secret, key);
    await removeFinalizer(client, Secret, old, mine);
    await client.seed(Secret, { metadata: { ...key, finalizers: [mine] } });
    await removeFinalizer(client, Secret, old, mine).catch(() => undefined);
    expect(hasFinalizer(client.peek(Secret, key)!, mine)).toBe(true);
  });
});
