// Events are one kind of object under two names: core/v1, as they are stored, and events.k8s.io/v1.
import type { CoreEvent, Event } from '@stackwright/kube';
import { field, type FieldError } from '../../errors.js';
import type { ApiObject } from '../../json.js';
import type { ServedResource, Strategy } from '../resource.js';

export const EVENTS = '/events';

export const coreEventStrategy: Strategy<CoreEvent> = {
  createOnUpdate: true,
  defaults(event) {
    event.source ??= {};
    event.reportingComponent ??= '';
    event.reportingInstance ??= '';
  },
  validate: ({ involvedObject, metadata }) => atHome(involvedObject.namespace, metadata.namespace),
  fields: (event) => ({
    // Also asked of an object without fields, for the names that can be selected by.
    ...regarded((event as Partial<CoreEvent>).involvedObject ?? {}, 'involvedObject'),
    reason: event.reason ?? '',
    reportingComponent: event.reportingComponent ?? '',
    source: event.source?.component ?? event.reportingComponent ?? '',
    type: event.type ?? '',
  }),
};

export const eventStrategy: Strategy<Event> = {
  createOnUpdate: true,
  validate(event) {
    const errors = atHome(event.regarding?.namespace, event.metadata?.namespace);
    if (!event.eventTime && !event.deprecatedFirstTimestamp) errors.push(field.required('eventTime'));
    if (event.eventTime) {
      for (const name of ['reportingController', 'reportingInstance', 'action', 'reason', 'type'] as const) {
        if (!event[name]) errors.push(field.required(name));
      }
    }
    return errors;
  },
  fields: (event) => ({
    ...regarded(event.regarding ?? {}, 'regarding'),
    reason: event.reason ?? '',
    type: event.type ?? '',
  }),
};

/** An event lives where its object does; what is about the cluster, in a namespace of the cluster. */
function atHome(of: string | undefined, lives: string | undefined): FieldError[] {
  const namespace = of ?? '';
  const home = namespace === '' ? ['default', 'kube-system'] : [namespace];
  return home.includes(lives ?? '')
    ? []
    : [field.invalid('involvedObject.namespace', namespace, 'does not match event.namespace')];
}

function regarded(object: Event['regarding'] & object, prefix: string): Record<string, string> {
  return Object.fromEntries(
    (['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'] as const).map((name) => [
      `${prefix}.${name}`,
      object[name] ?? '',
    ]),
  );
}

/** events.k8s.io name → core name. */
const renamed: readonly (readonly [string, string])[] = [
  ['regarding', 'involvedObject'],
  ['note', 'message'],
  ['reportingController', 'reportingComponent'],
  ['deprecatedSource', 'source'],
  ['deprecatedCount', 'count'],
  ['deprecatedFirstTimestamp', 'firstTimestamp'],
  ['deprecatedLastTimestamp', 'lastTimestamp'],
];

export const eventConversion: NonNullable<ServedResource['convert']> = {
  toStorage: (event) => rename(event, 'v1', renamed),
  fromStorage: (event) =>
    rename(
      event,
      'events.k8s.io/v1',
      renamed.map(([a, b]) => [b, a] as const),
    ),
};

function rename(event: ApiObject, apiVersion: string, names: readonly (readonly [string, string])[]): ApiObject {
  const to = new Map(names);
  const { apiVersion: _, kind, metadata, ...rest } = event;
  const fields = Object.entries(rest).map(([name, value]) => [to.get(name) ?? name, value] as const);
  return { apiVersion, ...(kind === undefined ? {} : { kind }), metadata, ...Object.fromEntries(fields) };
}
