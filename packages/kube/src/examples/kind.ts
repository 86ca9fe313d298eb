import { Type } from '@sinclair/typebox';
import {
  Conditions,
  crdOf,
  defineCustomResource,
  Quantity,
  referenceOf,
  StringEnum,
  toYaml,
  type ObjectOf,
} from '../index.js';

export const Backup = defineCustomResource({
  group: 'example.stackwright.dev',
  version: 'v1alpha1',
  kind: 'Backup',
  plural: 'backups',
  description: 'A copy of a database.',
  spec: Type.Object({
    database: Type.String({ description: 'Name of the database.', minLength: 1 }),
    keep: Type.Integer({ description: 'How many copies are kept.', minimum: 1, default: 7 }),
    compression: StringEnum(['None', 'Zstd'], { default: 'Zstd' }),
    storage: Quantity({ default: '10Gi' }),
  }),
  status: Type.Object({ conditions: Type.Optional(Conditions()) }),
  printerColumns: [{ name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' }],
});
export type Backup = ObjectOf<typeof Backup>; // spec.keep is a number: the server has filled the default in

console.log(toYaml(crdOf(Backup))); // kubectl apply -f -
console.log(referenceOf(Backup)); // Markdown
