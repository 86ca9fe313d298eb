// Placement as a graph of steps. It is the plainest of services: nothing here but what it needs and how it is configured.
import type { Graph } from '@stackwright/graph';
import {
  authtokenSection,
  databaseSection,
  defineService,
  owned,
  proxySection,
  type ServiceBuilder,
  type ServiceOptions,
} from '@stackwright/openstack';
import { catalog } from './catalog.js';
import { Placement } from './crd.js';

const port = 8778;

export function placementGraph(options?: ServiceOptions<Placement>): Graph<Placement> {
  return defineService(Placement, catalog, declare, options);
}

function declare(s: ServiceBuilder<Placement>): void {
  const database = s.database();
  const cache = s.cache();
  const identity = s.identity({ type: 'placement', port });

  const config = s.config({
    directory: '/etc/placement',
    after: [database, cache, identity],
    files: {
      'placement.conf': (scope) => ({
        placement_database: databaseSection(scope.output(database)),
        keystone_authtoken: authtokenSection(scope.output(identity), scope.output(cache)),
        api: { auth_strategy: owned('keystone', 'anything else would let everybody in') },
        ...proxySection(),
      }),
    },
  });

  const schema = s.dbSync({ config, database });

  s.api({
    port,
    probe: '/',
    // Knows of the database, too. Without a microversion there are no resource classes.
    check: { as: identity, path: '/resource_classes', headers: { 'OpenStack-API-Version': 'placement 1.39' } },
    config,
    after: [schema],
  });
}
