import { Type } from '@sinclair/typebox';
import { defineCustomResource, type ObjectOf } from '@stackwright/kube';
import { category, groups, version } from '../names.js';
import { printerColumns, secretColumn } from '../schema/columns.js';
import { objectName } from '../schema/fields.js';
import { statusOf } from '../schema/status.js';

export const CacheClaim = defineCustomResource({
  group: groups.claims,
  version,
  kind: 'CacheClaim',
  plural: 'cacheclaims',
  categories: [category],
  description:
    'Asks for a cache. When Ready, the Secret named in the status holds `servers`: host:port of each server, ' +
    'separated by commas, as oslo.cache takes them. A cache is shared and keeps nothing that must not be lost.',
  spec: Type.Object({
    provider: objectName('The Memcached to use, in the same namespace.', { default: 'memcached' }),
  }),
  status: statusOf({
    secretName: Type.Optional(
      Type.String({ description: 'The Secret with the servers; it exists once the claim is Ready.' }),
    ),
  }),
  printerColumns: printerColumns({ name: 'Provider', type: 'string', jsonPath: '.spec.provider' }, secretColumn),
});
export type CacheClaim = ObjectOf<typeof CacheClaim>;

/** Keys of the Secret that fulfils a CacheClaim. */
export const cacheConnectionKeys = ['servers'] as const;
export type CacheConnection = Record<(typeof cacheConnectionKeys)[number], string>;
