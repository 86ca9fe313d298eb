// What the writes of one reconcile share, and who is told of them.
import type { EventRecorder, Random } from '@stackwright/core';
import type { Names } from '../declare/names.js';
import { EngineReason } from '../declare/reasons.js';
import type { Reconciled } from '../declare/step.js';
import type { Overlay } from '../evaluate/overlay.js';
import { formatPath } from '../evaluate/paths.js';
import type { Write } from '../evaluate/writes.js';
import type { StepMetrics } from '../status/metrics.js';
import type { WriteContext } from './context.js';
import type { HiddenChildren } from './hidden.js';
import type { SharedWriteContext } from './step-writes.js';

export interface WritingInit {
  readonly fieldManager: string;
  readonly random: Random;
  readonly metrics: StepMetrics;
  readonly events: EventRecorder;
  readonly names: Names;
  readonly hiddenChildren: HiddenChildren;
}

export function writingFor(init: WritingInit, object: Readonly<Reconciled>, overlay: Overlay): SharedWriteContext {
  const { fieldManager, random, metrics, events, names, hiddenChildren } = init;
  const hidden: WriteContext['hidden'] = (resource, key) =>
    hiddenChildren.found(object.metadata?.uid ?? '', resource, key);
  const repaired: WriteContext['repaired'] = (write, managers) => tellRepaired(init, object, write, managers);
  const amended: WriteContext['amended'] = (event) =>
    events.record(object, { type: 'Normal', action: 'Reconcile', ...event });
  const told: WriteContext['told'] = (event) =>
    events.record(object, { type: 'Warning', action: 'Reconcile', ...event });
  return { overlay, fieldManager, random, metrics, names, hidden, repaired, amended, told };
}

function tellRepaired(
  { events, metrics }: WritingInit,
  object: Readonly<Reconciled>,
  write: Write & { verb: 'apply' },
  managers: readonly string[],
): void {
  metrics.driftRepaired(write.resource, managers);
  const who = managers.length > 0 ? managers.join(' and ') : 'somebody';
  events.record(object, {
    type: 'Normal',
    reason: EngineReason.DriftRepaired,
    action: 'Reconcile',
    note: `Set right what ${who} had changed of ${write.resource.kind} ${write.name}: ${write.fields.map(formatPath).join(', ')}`,
  });
}
