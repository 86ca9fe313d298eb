// What the controllers under test reconcile: two kinds of one shape, one for each level of the library.
import { Type } from '@sinclair/typebox';
import { statusOf } from '@stackwright/api';
import { defineCustomResource, type ObjectOf } from '@stackwright/kube';

export const NAMESPACE = 'soak';
export const GROUP = 'soak.stackwright.dev';

const define = (kind: string, plural: string) =>
  defineCustomResource({
    group: GROUP,
    version: 'v1',
    kind,
    plural,
    description: 'Has a ConfigMap, one more for each part, and an account in the ledger, all of the same revision.',
    spec: Type.Object({
      revision: Type.Integer({ description: 'Only ever grows; what is older was written by somebody who was late.' }),
      parts: Type.Integer({ description: 'How many ConfigMaps besides the first.', minimum: 0, maximum: 9 }),
    }),
    status: statusOf({ revision: Type.Optional(Type.Integer()) }),
    printerColumns: [],
  });

/** Reconciled by a function at the plain level. */
export const PlainWidget = define('PlainWidget', 'plainwidgets');
/** Reconciled by a step graph. */
export const GraphWidget = define('GraphWidget', 'graphwidgets');
export const widgetKinds = [PlainWidget, GraphWidget] as const;

export type Widget = ObjectOf<typeof PlainWidget>;
