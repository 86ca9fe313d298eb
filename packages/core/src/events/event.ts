// What an event consists of, such that the API server takes it, and `kubectl describe` puts it in order: that goes by
// lastTimestamp, which only events of core/v1 may have. Limits are in bytes.
import { formatMicroTime, formatTime, type CoreEvent, type KubeObject } from '@stackwright/kube';
import { scrub } from '../scrub/scrub.js';
import { cutBytes } from '../text.js';
import type { EventDetails } from './recorder.js';

/** Who reports. */
export interface Source {
  /** Whose controller it is: "example.com". Default: it is not said. */
  domain?: string | undefined;
  /** "keystone-controller"; cut at 63 characters. */
  controller: string;
  /** Which replica; cut at 128 bytes. */
  instance: string;
}

const most = { note: 1024, reason: 128, action: 128, instance: 128, controller: 63, name: 253 } as const;

/** The details as they are sent: without credentials, and not longer than is allowed. */
export function fitting({ type, reason, action, note }: EventDetails): EventDetails {
  return {
    type,
    reason: cutBytes(reason, most.reason),
    action: cutBytes(action, most.action),
    // Cut after the credentials are out: half of one would not be known any more.
    note: cutBytes(scrub(note), most.note),
  };
}

/** `suffix`: of its name, unlike that of any other event of the object. `now`: milliseconds since the epoch. */
export function eventOf(
  { domain, controller, instance }: Source,
  { now, suffix }: { now: number; suffix: string },
  regarding: Readonly<KubeObject>,
  { type, reason, action, note }: EventDetails,
  related?: Readonly<KubeObject>,
): CoreEvent {
  const { name = '', namespace = 'default' } = regarding.metadata ?? {};
  const reporter = trimmed(controller.slice(0, most.controller));
  const component = domain === undefined ? reporter : `${domain}/${reporter}`;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: nameOf(name, suffix), namespace },
    eventTime: formatMicroTime(now),
    firstTimestamp: formatTime(now),
    lastTimestamp: formatTime(now),
    count: 1,
    source: { component },
    reportingComponent: component,
    reportingInstance: cutBytes(instance, most.instance, ''),
    ...{ type, reason, action, message: note },
    involvedObject: referenceTo(regarding),
    ...(related ? { related: referenceTo(related) } : {}),
  };
}

/** A DNS subdomain, whatever the object is called: names of some kinds have colons or capitals. */
function nameOf(object: string, suffix: string): string {
  const base = object
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]/g, '-')
    .slice(0, most.name - suffix.length - 1);
  const labels = base.split('.').map(trimmed).filter(Boolean);
  return [...labels, suffix].join('.');
}

/** Neither a label nor a name begins or ends with a hyphen, a dot or an underscore. */
function trimmed(text: string): string {
  return text.replace(/^[^a-zA-Z0-9]+/, '').replace(/[^a-zA-Z0-9]+$/, '');
}

function referenceTo({ apiVersion, kind, metadata }: Readonly<KubeObject>) {
  const { namespace, name, uid, resourceVersion } = metadata ?? {};
  const all = { apiVersion, kind, namespace, name, uid, resourceVersion };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}
