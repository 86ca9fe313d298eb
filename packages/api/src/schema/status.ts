// The status that all of our kinds have in common. The step engine writes it.
import { Type, type TProperties } from '@sinclair/typebox';

const condition = Type.Object({
  type: Type.String({ description: '"Ready", or "<Step>Ready" for a step of the reconciliation.', maxLength: 316 }),
  status: Type.Union([Type.Literal('True'), Type.Literal('False'), Type.Literal('Unknown')]),
  reason: Type.String({
    description: 'Why, as a constant to act upon; the reference lists them all.',
    minLength: 1,
    maxLength: 1024,
  }),
  message: Type.String({ description: 'Why, in words; holds no secret.', maxLength: 32768 }),
  lastTransitionTime: Type.String({ description: 'When `status` last changed.', format: 'date-time' }),
  observedGeneration: Type.Optional(
    Type.Integer({ description: 'The metadata.generation that this was computed from.', minimum: 0 }),
  ),
});

const waitingFor = Type.Object({
  step: Type.String({ description: 'The step that waits.' }),
  reason: Type.String({ description: "The step's reason." }),
  apiVersion: Type.String(),
  kind: Type.String(),
  name: Type.String(),
  namespace: Type.Optional(Type.String({ description: 'Absent: the same namespace, or a kind that has none.' })),
});

const common = {
  observedGeneration: Type.Optional(
    Type.Integer({ description: 'The newest metadata.generation that was reconciled.', minimum: 0 }),
  ),
  conditions: Type.Optional(
    Type.Array(condition, {
      description: 'One condition per step, and Ready over all of them, with the root reason.',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
    }),
  ),
  waitingFor: Type.Optional(
    Type.Array(waitingFor, {
      description: 'Objects that this one waits for: the way to the root cause.',
      'x-kubernetes-list-type': 'atomic',
    }),
  ),
};

/** The common status and a kind's own fields (each optional: status is written step by step). */
export function statusOf<Own extends TProperties>(own: Own) {
  return Type.Object({ ...common, ...own });
}
