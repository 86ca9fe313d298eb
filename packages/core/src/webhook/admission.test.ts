import { CacheNotSyncedError } from '../cache/cache.js';
import { defineResource, Secret, type KubeObject } from '@stackwright/kube';
import { describe, expect, it } from 'vitest';
import { admission, apiError, conversion } from '../testing/index.js';
import { newWebhook } from './webhook.js';

interface Widget extends KubeObject {
  spec: { size?: number };
}
const kind = { group: 'example.dev', kind: 'Widget', plural: 'widgets', namespaced: true };
const Widget = defineResource<Widget>({ ...kind, version: 'v1' });
const OldWidget = defineResource<Widget>({ ...kind, version: 'v1beta1' });
const widget = (spec: Widget['spec']): Widget => ({ metadata: { namespace: 'ns', name: 'a' }, spec });

describe('a webhook in a test of its own', () => {
  it('defaults, then validates what came of it', async () => {
    const webhook = newWebhook(Widget)
      .default(({ spec }, { user }) => {
        spec.size ??= user.username === 'admin' ? 100 : 1;
      })
      .validate(({ spec }, { warn }) => {
        if (spec.size === 1) warn('rather small');
        return (spec.size ?? 0) > 10 ? [{ path: 'spec.size', message: 'at most 10' }] : [];
      });
    const object = widget({});
    expect(await admission(webhook, { operation: 'CREATE', object })).toMatchObject({
      allowed: true,
      object: { spec: { size: 1 } },
      warnings: ['rather small'],
    });
    expect(object).toEqual(widget({}));
    const refused = await admission(webhook, { operation: 'CREATE', object, user: { username: 'admin' } });
    expect(refused).toMatchObject({
      allowed: false,
      code: 422,
      message: expect.stringContaining('at most 10') as string,
    });
  });

  it('is asked to come back when the cache or the API is not there, instead of counting as broken', async () => {
    const outcome = (error: Error) =>
      admission(
        newWebhook(Widget).validate(() => {
          throw error;
        }),
        { operation: 'CREATE', object: widget({}) },
      );
    expect(await outcome(new CacheNotSyncedError('secrets'))).toMatchObject({ allowed: false, code: 503 });
    expect(await outcome(apiError(0, 'ConnectionFailed'))).toMatchObject({ allowed: false, code: 503 });
    expect(await outcome(apiError(429, 'TooManyRequests'))).toMatchObject({ allowed: false, code: 429 });
  });

  it('reads the cache that it is given', async () => {
    const webhook = newWebhook(Widget).validate(({ metadata }, { cache }) =>
      cache.get(Secret, { namespace: 'ns', name: metadata?.name ?? '' }) ? [] : ['there is no Secret of that name'],
    );
    expect((await admission(webhook, { operation: 'CREATE', object: widget({}) })).allowed).toBe(false);
  });

  it('converts', () => {
    const webhook = newWebhook(Widget).convert(OldWidget, {
      toHub: (old) => ({ ...old, spec: { size: (old.spec.size ?? 0) * 2 } }),
      fromHub: (hub) => ({ ...hub, spec: { size: (hub.spec.size ?? 0) / 2 } }),
    });
    const old = { ...widget({ size: 2 }), apiVersion: 'example.dev/v1beta1', kind: 'Widget' };
    const hub = conversion(webhook, old, 'example.dev/v1');
    expect(hub).toMatchObject({ apiVersion: 'example.dev/v1', spec: { size: 4 } });
    expect(conversion(webhook, hub, 'example.dev/v1beta1')).toEqual(old);
    expect(() => conversion(webhook, old, 'example.dev/v2')).toThrow('no version');
  });
});
