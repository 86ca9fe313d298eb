// What tests compare: whether the control plane stands, what must never change, who wrote.
import { createHash } from 'node:crypto';
import type { AuditEvent } from '@stackwright/devcluster';
import {
  Deployment,
  PersistentVolumeClaim,
  Secret,
  type Client,
  type Condition,
  type KubeObject,
  type ObjectKey,
  type Resource,
} from '@stackwright/kube';
import { expect, vi } from 'vitest';
import type { World } from './world.js';

/** Tries `assertion` until it holds. `timeout` in milliseconds. */
export const eventually = <T>(assertion: () => Promise<T> | T, timeout = 10_000): Promise<T> =>
  vi.waitFor(assertion, { timeout, interval: timeout > 30_000 ? 200 : 20 });

interface WithStatus extends KubeObject {
  status?: { conditions?: readonly Condition[]; observedGeneration?: number };
}

/** The condition of an object as it was last told; throws while its controller has not acted on the last change. */
export async function conditionOf(
  client: Client,
  resource: Resource,
  key: ObjectKey,
  type = 'Ready',
): Promise<Condition> {
  const { metadata, status }: WithStatus = await client.get(resource, key);
  const condition = status?.conditions?.find((each) => each.type === type);
  if (!condition) throw new Error(`${resource.kind} ${key.name} has no condition ${type}`);
  if ((condition.observedGeneration ?? 0) < (metadata?.generation ?? 0)) {
    throw new Error(
      `${resource.kind} ${key.name}: ${type} is of generation ${condition.observedGeneration ?? 0}, not ${metadata?.generation ?? 0}`,
    );
  }
  return condition;
}

/** Throws, with the reason, while the object is not Ready. */
export async function expectReady(client: Client, resource: Resource, key: ObjectKey): Promise<void> {
  const { status, reason, message } = await conditionOf(client, resource, key);
  if (status !== 'True') throw new Error(`${resource.kind} ${key.name} is not ready: ${reason}: ${message}`);
}

/** Name of the Secret with the configuration that Pods of a service are made with now. */
export async function configOf(client: Client, service: ObjectKey): Promise<string> {
  const { volumes = [] } = (await client.get(Deployment, service)).spec?.template.spec ?? {};
  const name = volumes.find((volume) => volume.name === `secret-${service.name}-config`)?.secret?.secretName;
  if (name === undefined) throw new Error(`Deployment ${service.name} mounts no configuration`);
  return name;
}

/**
 * What is generated once and must never change: each Secret's content, by a hash, and each volume by its uid. Configurations
 * are made of these, and of what is asked for.
 */
export async function treasures(client: Client, namespace: string): Promise<Record<string, string>> {
  const { items: secrets } = await client.listAll(Secret, { namespace });
  const { items: volumes } = await client.listAll(PersistentVolumeClaim, { namespace });
  const hash = (data: object) =>
    createHash('sha256')
      .update(JSON.stringify(Object.entries(data).sort()))
      .digest('hex')
      .slice(0, 16);
  return Object.fromEntries([
    ...secrets
      .filter(({ type, metadata }) => type === 'Opaque' && !/-config(-[0-9a-f]{8})?$/.test(metadata?.name ?? ''))
      .map(({ metadata, data }) => [`Secret ${metadata?.name ?? ''}`, hash(data ?? {})]),
    ...volumes.map(({ metadata }) => [`Volume ${metadata?.name ?? ''}`, metadata?.uid ?? '']),
  ]) as Record<string, string>;
}

const mutating = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);

/** Requests of our controllers that ask for a change, renewals of their Leases apart. */
export function writesOf(audit: readonly AuditEvent[]): string[] {
  return audit
    .filter(
      ({ verb, userAgent, resource }) => mutating.has(verb) && /-controller\b/.test(userAgent) && resource !== 'leases',
    )
    .map(
      ({ userAgent, verb, resource, subresource, name }) =>
        `${userAgent} ${verb} ${resource ?? ''}${subresource ? `/${subresource}` : ''} ${name ?? ''}`,
    );
}

/** Waits until each controller has reconciled `times` times more. */
export async function looksAtEverything({ controllers }: World, times: number): Promise<void> {
  const counts = async () =>
    Promise.all(
      [...controllers.values()].map(async ({ manager }) => {
        const metric = await manager.metrics.getSingleMetric('controller_runtime_reconcile_total')?.get();
        return metric?.values.reduce((sum, { value }) => sum + value, 0) ?? 0;
      }),
    );
  const before = await counts();
  await eventually(async () => {
    for (const [i, count] of (await counts()).entries()) expect(count).toBeGreaterThanOrEqual((before[i] ?? 0) + times);
  }, 60_000);
}
