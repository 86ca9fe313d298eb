// Events are one kind of object under two names: core/v1, as they are stored, and events.k8s.io/v1.
import type { CoreEvent, Event } from '@stackwright/kube';
import type { ApiObject } from '../../json.js';
import { checkAnyEvent, checkEventUpdate, checkNewEvent } from '../../validation/events.js';
import { found } from '../../validation/findings.js';
import type { ServedResource, Strategy } from '../resource.js';

export const EVENTS = '/events';

export const coreEventStrategy: Strategy<CoreEvent> = {
  reportsMissing: true,
  createOnUpdate: true,
  defaults(event) {
    event.source ??= {};
    event.reportingComponent ??= '';
    event.reportingInstance ??= '';
  },
  validate: (event) => found((findings) => checkAnyEvent(findings, event, 'reportingComponent')),
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
  reportsMissing: true,
  createOnUpdate: true,
  validate: (event, old) =>
    found((findings) => {
      checkAnyEvent(findings, inCore(event), 'reportingController');
      if (old) checkEventUpdate(findings, event, old);
      else checkNewEvent(findings, event);
    }),
  fields: (event) => ({
    ...regarded(event.regarding ?? {}, 'regarding'),
    reason: event.reason ?? '',
    type: event.type ?? '',
  }),
};

/** The event under its older name, by which the rules call its fields. */
const inCore = (event: Readonly<Event>): CoreEvent =>
  rename({ ...event, metadata: event.metadata ?? {} }, 'v1', renamed) as unknown as CoreEvent;

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
