// Glance as a graph of steps: what all services have, and a volume for the images.
import type { Graph } from '@stackwright/graph';
import { defineService, type ServiceBuilder, type ServiceOptions } from '@stackwright/openstack';
import { catalog } from './catalog.js';
import { Glance, transfers } from './crd.js';
import { directory, glanceApiConf } from './glance-api-conf.js';

const port = 9292;

export function glanceGraph(options?: ServiceOptions<Glance>): Graph<Glance> {
  return defineService(Glance, catalog, declare, options);
}

function declare(s: ServiceBuilder<Glance>): void {
  const database = s.database();
  const cache = s.cache();
  // Reader for the check, which lists images.
  const identity = s.identity({ type: 'image', port, roles: ['reader', 'service'] });
  const messaging = s.messaging({ when: ({ spec }) => spec.notifications });
  const volume = s.volume({ name: 'Images', path: directory, storage: ({ object }) => object.spec.storage });

  const config = s.config({
    directory: '/etc/glance',
    after: [database, cache, identity, messaging],
    files: {
      'glance-api.conf': (scope) =>
        glanceApiConf({
          database: scope.output(database),
          cache: scope.output(cache),
          identity: scope.output(identity),
          messaging: scope.output(messaging),
        }),
    },
  });

  const schema = s.dbSync({ config, database });
  // What clients offer as properties of images. Nothing of the API needs it.
  s.job({ name: 'LoadMetadefs', config, database, after: [schema], background: true });
  s.cronJob({
    name: 'Purge',
    config,
    after: [schema],
    schedule: ({ object }) => object.spec.purge.schedule,
    suspend: ({ object }) => object.spec.purge.suspend,
    command: ({ object }) => purgeCommand(object.spec.purge),
  });

  s.api({
    port,
    probe: '/healthcheck',
    check: { as: identity, path: '/v2/images?limit=1' },
    config,
    volumes: [volume],
    serving: transfers,
    uwsgi: {
      // Bytes of one piece of an image that is sent without saying how long it is: clients make them as large as they like, and
      // a thread has one of them in memory at a time; a larger one is answered with 413. (The default, 1 MiB, is what many send.)
      'chunked-input-limit': 65 * 2 ** 20,
      // Seconds that a client may take to send the next piece (default 4).
      'socket-timeout': 60,
    },
    after: [schema],
  });
}

/** Ids go last: all else of an image refers to them. */
function purgeCommand({ olderThanDays, idsOlderThanDays }: Glance['spec']['purge']): readonly string[] {
  // Rows of each table that one run drops at most: a backlog is no transaction that a database would choke on.
  const drop = (what: string, days: number) => `glance-manage db ${what} --age_in_days ${days} --max_rows 10000`;
  const ids = idsOlderThanDays === undefined ? [] : [drop('purge_images_table', idsOlderThanDays)];
  return ['sh', '-c', [drop('purge', olderThanDays), ...ids].join(' && ')];
}
