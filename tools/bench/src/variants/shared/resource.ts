// The kind as our library declares it: for the two variants that use it, and for the CRD of all four.
import { Type } from '@sinclair/typebox';
import { defineCustomResource } from '@stackwright/kube';
import { group, kind, plural, version } from './widget.js';

const condition = Type.Object({
  type: Type.String(),
  status: Type.Union([Type.Literal('True'), Type.Literal('False'), Type.Literal('Unknown')]),
  reason: Type.String(),
  message: Type.String(),
  lastTransitionTime: Type.String(),
  observedGeneration: Type.Optional(Type.Integer()),
});

export const Widget = defineCustomResource({
  group,
  version,
  kind,
  plural,
  description: 'What the benchmark reconciles into a ConfigMap, a Service and a Deployment.',
  spec: Type.Object({ message: Type.String({ description: 'Goes into the ConfigMap.' }) }),
  status: Type.Object({
    observedGeneration: Type.Optional(Type.Integer()),
    conditions: Type.Optional(Type.Array(condition)),
  }),
  printerColumns: [{ name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' }],
});
