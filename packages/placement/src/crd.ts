import { Type } from '@sinclair/typebox';
import { defineServiceKind, roles, serviceSpec } from '@stackwright/api';
import type { ObjectOf } from '@stackwright/kube';

export const Placement = defineServiceKind({
  kind: 'Placement',
  description: 'The placement service: what resources there are, and who uses them.',
  requires: [roles.identity, roles.database, roles.cache],
  spec: Type.Object(serviceSpec),
});
export type Placement = ObjectOf<typeof Placement>;
