// Events, under either name. What is said of them is said in the fields of core/v1.
import type { CoreEvent, Event } from '@stackwright/kube';
import { equal } from '../json.js';
import { IMMUTABLE, type Findings } from './findings.js';

const MAX_NOTE = 1024;
const MAX_WORD = 128;

/** What holds for all events. `component`: how the version calls who reports. */
export function checkAnyEvent(
  findings: Findings,
  event: CoreEvent,
  component: 'reportingComponent' | 'reportingController',
): void {
  const { eventTime, metadata } = event;
  // In events.k8s.io it may be left out.
  const { involvedObject }: Partial<CoreEvent> = event;
  const home = metadata.namespace ?? '';
  const namespace = involvedObject?.namespace ?? '';
  const strange = (): void => findings.invalid('involvedObject.namespace', namespace, 'does not match event.namespace');
  if (eventTime === undefined) {
    if (namespace === '' ? home !== 'default' : home !== namespace) strange();
    return;
  }
  if (namespace === '' && home !== 'default' && home !== 'kube-system') strange();
  const { reportingComponent = '', reportingInstance = '', action = '', reason = '', message = '' } = event;
  findings.present(component, reportingComponent);
  findings.qualifiedName(component, reportingComponent);
  for (const [name, word] of Object.entries({ reportingInstance, action, reason })) {
    findings.present(name, word);
    if (Buffer.byteLength(word) > MAX_WORD) findings.invalid(name, '', `can have at most ${MAX_WORD} characters`);
  }
  if (Buffer.byteLength(message) > MAX_NOTE) findings.invalid('message', '', `can have at most ${MAX_NOTE} characters`);
}

/** What holds besides for those that are made in events.k8s.io. */
export function checkNewEvent(findings: Findings, event: Event): void {
  const { eventTime, type = '', deprecatedSource, deprecatedCount = 0 } = event;
  checkSeries(findings, event);
  if (!eventTime) findings.required('eventTime');
  if (type !== 'Normal' && type !== 'Warning') findings.invalid('type', '', `has invalid value: ${type}`);
  const unset = (name: string, given: boolean): void => {
    if (given) findings.invalid(name, '', 'needs to be unset');
  };
  unset('firstTimestamp', event.deprecatedFirstTimestamp !== undefined);
  unset('lastTimestamp', event.deprecatedLastTimestamp !== undefined);
  unset('count', deprecatedCount !== 0);
  unset('source', Boolean(deprecatedSource?.component ?? deprecatedSource?.host));
}

function checkSeries(findings: Findings, { series }: Event): void {
  if (!series) return;
  if (series.count < 2) findings.invalid('series.count', '', 'should be at least 2');
  if (!series.lastObservedTime) findings.required('series.lastObservedTime');
}

/** Fields that stay what they are, and what the stored form calls them. */
const fixed = [
  ['regarding', 'involvedObject'],
  ['reason', 'reason'],
  ['note', 'message'],
  ['deprecatedSource', 'source'],
  ['deprecatedFirstTimestamp', 'firstTimestamp'],
  ['deprecatedLastTimestamp', 'lastTimestamp'],
  ['deprecatedCount', 'count'],
  ['type', 'type'],
  ['eventTime', 'eventTime'],
  ['action', 'action'],
  ['related', 'related'],
  ['reportingController', 'reportingController'],
  ['reportingInstance', 'reportingInstance'],
] as const satisfies readonly (readonly [keyof Event, string])[];

export function checkEventUpdate(findings: Findings, event: Event, old: Event): void {
  if (!equal(event.series, old.series)) checkSeries(findings, event);
  for (const [name, path] of fixed)
    if (!equal(event[name], old[name]))
      findings.invalid(path, event[name] ?? (name === 'eventTime' ? null : ''), IMMUTABLE);
}
