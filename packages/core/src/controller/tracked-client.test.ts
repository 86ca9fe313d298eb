import { ApiError, ConfigMap, Secret } from '@stackwright/kube';
import { expect, describe, it } from 'vitest';
import { FakeClient, settle, testManager } from '../testing/index.js';
import { newController } from './builder.js';
import { kindOfFailure } from './failures.js';
import { TrackedClient } from './tracked-client.js';

const key = { namespace: 'ns', name: 'a' };

describe('server-side apply in a reconcile (pitfall 10)', () => {
  it('sends nothing that is the server’s to say, and takes no fields over unless it is told to', async () => {
    const client = new FakeClient();
    await client.seed(Secret, { metadata: { ...key, labels: { a: 'b' } } });
    const read = client.peek(Secret, key);
    const tracked = new TrackedClient(client, {
      fieldManager: 'me',
      signal: new AbortController().signal,
      wrote: () => undefined,
      uidOf: () => undefined,
    });
    const managedFields = [{ manager: 'somebody', operation: 'Update' }];
    await client.patch(Secret, key, { type: 'merge', body: { metadata: { annotations: { newer: 'yes' } } } });
    await tracked.apply(Secret, { ...read, metadata: { ...read?.metadata, managedFields } }, { fieldManager: 'me' });
    const call = client.calls.find(({ verb }) => verb === 'apply');
    expect(call?.body).toMatchObject({ metadata: { ...key, labels: { a: 'b' } } });
    expect(Object.keys((call?.body as { metadata: object }).metadata).sort()).toEqual(['labels', 'name', 'namespace']);
    expect(call?.options).not.toHaveProperty('force');
  });

  it('tells somebody else’s field from somebody’s newer version: the first is an error, the second gives way', () => {
    const { signal } = new AbortController();
    const conflict = (causes: { reason: string; field: string }[]) =>
      new ApiError({
        code: 409,
        reason: 'Conflict',
        message: 'conflict',
        status: { apiVersion: 'v1', kind: 'Status', details: { causes } },
      });
    expect(kindOfFailure(conflict([{ reason: 'FieldManagerConflict', field: '.spec.replicas' }]), signal)).toBe(
      'error',
    );
    expect(kindOfFailure(conflict([]), signal)).toBe('expected');
  });
});

describe('requests that are repeated', () => {
  it('keep their priority, or get the one that the result names', async () => {
    const test = testManager();
    const order: string[] = [];
    const controller = newController(test.manager, 'order')
      .for(ConfigMap)
      .complete(async ({ name }) => {
        order.push(name);
        if (order.length > 3) return undefined;
        return name === 'urgent' ? { requeueAfter: 1_000, priority: 10 } : { requeueAfter: 1_000 };
      });
    await test.start();
    for (const name of ['first', 'usual', 'urgent']) controller.enqueue({ name });
    await settle();
    // Due at the same time: the first is taken by the worker that waits, the others by priority.
    await test.clock.advance(1_000);
    expect(order).toEqual(['first', 'usual', 'urgent', 'first', 'urgent', 'usual']);
    await test.stop();
  });
});
