import { CacheClaim, ControlPlane, DatabaseClaim, IdentityClaim, MessagingClaim } from '@stackwright/api';
import { Cinder } from '@stackwright/cinder';
import { Glance } from '@stackwright/glance';
import { Keystone } from '@stackwright/keystone';
import {
  Deployment,
  Job,
  Pod,
  Secret,
  Service,
  StatefulSet,
  type Client,
  type KubeObject,
  type Pod as PodObject,
  type Resource,
} from '@stackwright/kube';
import { MariaDB } from '@stackwright/mariadb';
import { Memcached } from '@stackwright/memcached';
import { Placement } from '@stackwright/placement';
import { RabbitMQ } from '@stackwright/rabbitmq';
import { expectReady } from '@stackwright/integration';
import { namespace } from './cluster.js';

const kinds: readonly Resource[] = [
  ControlPlane,
  Keystone,
  Placement,
  Glance,
  MariaDB,
  Memcached,
  RabbitMQ,
  DatabaseClaim,
  CacheClaim,
  MessagingClaim,
  IdentityClaim,
  Deployment,
  StatefulSet,
  Job,
  Pod,
  Secret,
  Service,
];

/** resourceVersion by object: equal when nothing was written. */
export async function objectVersions(client: Client): Promise<Record<string, string>> {
  const lists = await Promise.all(
    kinds.map(async (kind) => (await client.listAll<KubeObject>(kind, { namespace })).items),
  );
  return Object.fromEntries(
    lists
      .flat()
      .map(({ kind, metadata }) => [`${kind ?? ''} ${metadata?.name ?? ''}`, metadata?.resourceVersion ?? '']),
  );
}

export async function allReady(client: Client): Promise<void> {
  for (const [kind, name] of [
    [ControlPlane, 'openstack'],
    [MariaDB, 'mariadb'],
    [Memcached, 'memcached'],
    [RabbitMQ, 'rabbitmq'],
    [Keystone, 'keystone'],
    [Placement, 'placement'],
    [Glance, 'glance'],
    [Cinder, 'cinder'],
  ] as const) {
    await expectReady(client, kind, { namespace, name });
  }
}

/** Running Pods of an application, by the label that all of ours carry. */
export async function podsOf(client: Client, labelSelector: string): Promise<PodObject[]> {
  const { items } = await client.listAll(Pod, { namespace, labelSelector });
  return items.filter(({ metadata, status }) => !metadata?.deletionTimestamp && status?.phase === 'Running');
}

/**
 * What runs, by "Pod/container": the container's id and how often it was restarted. Of controllers the Pod's uid alone:
 * one that has lost its Lease, the API being away, ends and is started anew.
 */
export async function containersOf(client: Client): Promise<Record<string, string>> {
  const { items } = await client.listAll(Pod, { namespace });
  return Object.fromEntries(
    items.flatMap(({ metadata, status }) =>
      (status?.containerStatuses ?? [])
        .filter(({ state }) => !state?.terminated)
        .map(({ name, containerID, restartCount }) => [
          `${metadata?.name ?? ''}/${name}`,
          name === 'controller' ? (metadata?.uid ?? '') : `${containerID ?? ''} restarted ${restartCount}`,
        ]),
    ),
  );
}
