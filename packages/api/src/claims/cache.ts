import { Type } from '@sinclair/typebox';
import type { ObjectOf } from '@stackwright/kube';
import { claimStatus, consumerSpec, defineClaimKind, providerName } from './claim.js';

export const CacheClaim = defineClaimKind({
  kind: 'CacheClaim',
  description:
    'Asks for a cache. When Ready, the Secret named in the status holds `servers`: host:port of each server, ' +
    'separated by commas, as oslo.cache takes them. A cache is shared and keeps nothing that must not be lost.',
  spec: Type.Object({
    provider: providerName('Memcached', 'to use'),
    ...consumerSpec,
  }),
  status: claimStatus,
});
export type CacheClaim = ObjectOf<typeof CacheClaim>;

/** Keys of the Secret that fulfils a CacheClaim. */
export const cacheConnectionKeys = ['servers'] as const;
export type CacheConnection = Record<(typeof cacheConnectionKeys)[number], string>;
