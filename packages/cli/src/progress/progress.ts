// How far the control plane is, as rows for people: from what was observed to text. Pure.
import type { Deployment } from '@stackwright/kube';
import { rootOf, type Chain } from '@stackwright/graph';
import { explain } from '../explain/explain.js';
import { reconcilesAnnotation } from '../manifests/labels.js';
import { referenceOf, servicesNamedIn, type CustomResourceObject } from '../observe/objects.js';
import type { Snapshot } from '../observe/snapshot.js';

export interface Row {
  name: string;
  state: 'Ready' | 'Waiting' | 'Failed';
  /** When Ready where it is found, and what is wrong all the same; else what it waits for or suffers from: one line. */
  text: string;
  /** When the state was entered, RFC 3339. */
  since?: string;
}

/** One row for the controllers together, then one per service that the control plane names. */
export function progressOf(snapshot: Snapshot): Row[] {
  const services = snapshot.services;
  const missing = servicesNamedIn(snapshot.controlPlane).filter(
    (name) => !services.some(({ metadata }) => metadata?.name === name),
  );
  return [
    ...controllersRow(snapshot),
    ...services.map((service) => serviceRow(service, explain(snapshot, referenceOf(service)))),
    ...missing.map((name): Row => ({ name, state: 'Waiting', text: 'not created yet' })),
  ];
}

export const allReady = (rows: readonly Row[]): boolean => rows.every(({ state }) => state === 'Ready');

function controllersRow(snapshot: Snapshot): Row[] {
  const chains = snapshot
    .list<Deployment>('Deployment')
    .filter(({ metadata }) => metadata?.annotations?.[reconcilesAnnotation] !== undefined)
    .map((deployment) => explain(snapshot, referenceOf(deployment)));
  if (chains.length === 0) return [];
  const unready = chains.filter(([top]) => top.state !== 'Ready');
  const failed = unready.find((chain) => rootOf(chain).state === 'Failed');
  const text = `${chains.length - unready.length}/${chains.length} running`;
  return [
    {
      name: 'controllers',
      state: failed ? 'Failed' : unready.length > 0 ? 'Waiting' : 'Ready',
      text: failed ? `${text}; ${summaryOf(failed)}` : text,
    },
  ];
}

function serviceRow(service: CustomResourceObject, chain: Chain): Row {
  const [top] = chain;
  const root = rootOf(chain);
  const ready = top.state === 'Ready';
  return {
    name: service.metadata?.name ?? '',
    state: ready ? 'Ready' : root.state === 'Waiting' || root.state === 'Ready' ? 'Waiting' : 'Failed',
    text: ready
      ? [service.status?.endpoint, top.message && `but ${wordsOf(top.message)}`].filter(Boolean).join(', ')
      : summaryOf(chain),
    ...(top.since === undefined ? {} : { since: top.since }),
  };
}

/** The top's reason and the root's words: "WaitingForClaim: Pod mariadb-0 container mariadb runs but is not ready yet". */
export function summaryOf(chain: Chain): string {
  const [top] = chain;
  const root = rootOf(chain);
  const words = root === top ? root.message : `${root.object.kind} ${root.object.name} ${root.message}`;
  return `${top.reason}: ${wordsOf(words)}`;
}

const wordsOf = (text: string): string => text.replace(/\s+/g, ' ').trim();
