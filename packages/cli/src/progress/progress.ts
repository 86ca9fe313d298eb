// How far the control plane is, as rows for people: from what was observed to text. Pure.
import { rootOf, type Chain, type Link } from '@stackwright/graph';
import { controllersIn, stalenessOf } from '../explain/controllers.js';
import { explain } from '../explain/explain.js';
import { isDropped, refusalOf } from '../explain/refusals.js';
import { conditionOf, referenceOf, servicesNamedIn, type CustomResourceObject } from '../observe/objects.js';
import type { Snapshot } from '../observe/snapshot.js';

export interface Row {
  name: string;
  /** `Unknown`: it was Ready once, and its controller does not run. */
  state: 'Ready' | 'Waiting' | 'Failed' | 'Unknown';
  /**
   * When Ready where it is found, and what is wrong all the same; else what it waits for or suffers from, with "serves; " before
   * it where clients are answered all the same: one line.
   */
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
  const explained = services.map((service) => ({ service, chain: explain(snapshot, referenceOf(service)) }));
  return [
    ...controllersRow(snapshot),
    ...explained.map(({ service, chain }) => serviceRow(snapshot, service, chain, nearerTo(chain, explained))),
    ...missing.map((name): Row => ({ name, state: 'Waiting', text: refusalSaid(snapshot, name) ?? 'not created yet' })),
  ];
}

export const allReady = (rows: readonly Row[]): boolean => rows.every(({ state }) => state === 'Ready');

function controllersRow(snapshot: Snapshot): Row[] {
  const chains = controllersIn(snapshot).map((deployment) => explain(snapshot, referenceOf(deployment)));
  if (chains.length === 0) return [];
  const unready = chains.filter(([top]) => top.state !== 'Ready');
  const failed = unready.find((chain) => rootOf(chain).state === 'Failed');
  const text = `${chains.length - unready.length}/${chains.length} running`;
  const names = unready.map(([{ object }]) => object.name.replace(/-controller$/, '')).join(', ');
  return [
    {
      name: 'controllers',
      state: failed ? 'Failed' : unready.length > 0 ? 'Waiting' : 'Ready',
      text: failed ? `${text}, but not ${names}; ${summaryOf(failed)}` : text,
    },
  ];
}

/** The service, among those that suffer from the same, that is nearest to it: the others only wait for that one. */
function nearerTo(
  chain: Chain,
  all: readonly { service: CustomResourceObject; chain: Chain }[],
): CustomResourceObject | undefined {
  if (chain.length < 2) return undefined;
  const isSame = ({ object }: Link, other: Link) =>
    object.kind === other.object.kind &&
    object.name === other.object.name &&
    object.apiVersion === other.object.apiVersion;
  const [nearest] = all
    .filter((one) => one.chain[0].state !== 'Ready' && isSame(rootOf(one.chain), rootOf(chain)))
    .toSorted((one, other) => one.chain.length - other.chain.length);
  return nearest && nearest.chain !== chain && nearest.chain.length < chain.length ? nearest.service : undefined;
}

function serviceRow(
  snapshot: Snapshot,
  service: CustomResourceObject,
  chain: Chain,
  nearer: CustomResourceObject | undefined,
): Row {
  const [top] = chain;
  const root = rootOf(chain);
  const name = service.metadata?.name ?? '';
  const since = top.since === undefined ? {} : { since: top.since };
  if (top.state === 'Unknown') return { name, state: 'Unknown', text: wordsOf(top.message), ...since };
  if (top.state === 'Ready') {
    const refused = refusalSaid(snapshot, name);
    if (refused !== undefined) return { name, state: 'Failed', text: `runs as it was told last; ${refused}` };
    const text = [service.status?.endpoint, top.message && `but ${wordsOf(top.message)}`].filter(Boolean).join(', ');
    return { name, state: 'Ready', text, ...since };
  }
  const said = nearer ? `${top.reason}: waits for ${nearer.metadata?.name ?? ''}` : summaryOf(chain);
  return {
    name,
    state: root.state === 'Waiting' || root.state === 'Ready' ? 'Waiting' : 'Failed',
    text: isServing(snapshot, service) ? `serves; ${said}` : said,
    ...since,
  };
}

/** Whoever uses it is answered, whatever becomes of what is wanted next. */
const isServing = (snapshot: Snapshot, service: CustomResourceObject): boolean =>
  conditionOf(service, 'Available')?.status === 'True' && stalenessOf(snapshot, service) === undefined;

function refusalSaid(snapshot: Snapshot, service: string): string | undefined {
  const refused = refusalOf(snapshot.controlPlane, service);
  if (!refused) return undefined;
  const said = `${refused.reason}: ${wordsOf(refused.message)}`;
  return isDropped(refused) ? said : `the control plane's change is refused: ${said}`;
}

/** The top's reason and the root's words, and then where: "ImagePullFailed: container main: image … is not there (Pod mariadb-0)". */
export function summaryOf(chain: Chain): string {
  const [top] = chain;
  const root = rootOf(chain);
  const where = root === top ? '' : ` (${root.object.kind} ${root.object.name})`;
  return `${top.reason}: ${wordsOf(root.message)}${where}`;
}

const wordsOf = (text: string): string => text.replace(/\s+/g, ' ').trim();
