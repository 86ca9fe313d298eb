// Whose controller looks after what, and whether it does: a status is worth no more than whoever keeps it.
import type { Deployment, KubeObject, Lease } from '@stackwright/kube';
import { reconcilesAnnotation } from '../manifests/labels.js';
import { groupOf } from '../observe/objects.js';
import type { Snapshot } from '../observe/snapshot.js';

/** A Lease that a running Pod has not renewed for so long: it does nothing. Milliseconds; this machine's clock may be off. */
const longestSilence = 300_000;

/** The Deployments of controllers, as `stackwright manifests` makes them. */
export function controllersIn(snapshot: Snapshot): Deployment[] {
  return snapshot
    .list<Deployment>('Deployment')
    .filter(({ metadata }) => metadata?.annotations?.[reconcilesAnnotation] !== undefined);
}

/** The Deployment of the controller that reconciles such objects; undefined where it runs elsewhere, or nowhere. */
export function controllerOf(snapshot: Snapshot, object: Readonly<KubeObject>): Deployment | undefined {
  const kind = `${object.kind ?? ''}.${groupOf(object.apiVersion)}`;
  return controllersIn(snapshot).find(({ metadata }) =>
    metadata?.annotations?.[reconcilesAnnotation]?.split(',').includes(kind),
  );
}

/** Why nobody keeps the status of an object, and since when (RFC 3339), where that is so. */
export function stalenessOf(
  snapshot: Snapshot,
  object: Readonly<KubeObject>,
): { message: string; since?: string } | undefined {
  const deployment = controllerOf(snapshot, object);
  return deployment && silenceOf(snapshot, deployment);
}

function silenceOf(
  snapshot: Snapshot,
  { metadata, spec, status }: Deployment,
): { message: string; since?: string } | undefined {
  const name = metadata?.name ?? '';
  const lease = snapshot.find({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', name }) as Lease | undefined;
  const { renewTime, holderIdentity, leaseDurationSeconds = 15 } = lease?.spec ?? {};
  const age = renewTime === undefined ? Infinity : snapshot.takenAt - Date.parse(renewTime);
  const isHeld = Boolean(holderIdentity);
  const silent = (what: string) => ({
    message: `was ready when it was last looked at; ${name} ${what}`,
    ...(renewTime === undefined ? {} : { since: renewTime }),
  });
  if (spec?.replicas === 0) return silent('does not run (0 replicas)');
  const runs = (status?.readyReplicas ?? 0) > 0;
  if (runs) return isHeld && age > longestSilence ? silent('runs, but has not renewed its Lease since') : undefined;
  return isHeld && age <= 2_000 * leaseDurationSeconds ? undefined : silent('does not run');
}
