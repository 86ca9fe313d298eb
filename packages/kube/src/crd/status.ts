// The status of a kind whose controller says how it is step by step, and what it waits for.
import { Type, type TProperties } from '@sinclair/typebox';
import { Conditions } from './fields.js';

const waitingFor = Type.Object({
  step: Type.String({ description: 'The step that waits.', maxLength: 316 }),
  reason: Type.String({ description: "The step's reason.", maxLength: 1024 }),
  apiVersion: Type.String({ description: 'Group and version of what it waits for.', maxLength: 317 }),
  kind: Type.String({ description: 'Kind of what it waits for.', maxLength: 63 }),
  name: Type.String({ description: 'Name of what it waits for.', maxLength: 253 }),
  namespace: Type.Optional(
    Type.String({ description: 'Absent: the same namespace, or a kind that has none.', maxLength: 63 }),
  ),
});

const common = {
  observedGeneration: Type.Optional(
    Type.Integer({ description: 'The newest metadata.generation that was reconciled.', minimum: 0 }),
  ),
  conditions: Type.Optional(
    Conditions({ description: 'One condition per step, and Ready over all of them, with the root reason.' }),
  ),
  waitingFor: Type.Optional(
    Type.Array(waitingFor, {
      description: 'Objects that this one waits for: the way to the root cause.',
      maxItems: 256,
    }),
  ),
};

/** What a step graph writes, and a kind's own fields (each optional: status is written step by step). */
export function statusOf<Own extends TProperties = Record<never, never>>(own: Own = {} as Own) {
  return Type.Object({ ...common, ...own });
}
