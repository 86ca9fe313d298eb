// What the author of a kind says about it.
import type { TObject } from '@sinclair/typebox';
import type { ValidationRule } from './structural.js';

export interface PrinterColumn {
  name: string;
  type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  jsonPath: string;
  description?: string;
  /** 0: always shown; 1: with `-o wide`. */
  priority?: number;
}

export interface CustomResourceOptions<Spec extends TObject = TObject, Status extends TObject = TObject> {
  group: string;
  version: string;
  kind: string;
  plural: string;
  shortNames?: readonly string[];
  categories?: readonly string[];
  /** The kind's description, for `kubectl explain` and the reference page. */
  description: string;
  spec: Spec;
  status: Status;
  printerColumns: readonly PrinterColumn[];
  /** Default true. */
  namespaced?: boolean;
  /** Labels and annotations of the CRD itself: what a service publishes about itself (see @stackwright/api). */
  labels?: Readonly<Record<string, string>>;
  annotations?: Readonly<Record<string, string>>;
  /** Rules in CEL about the whole object; of its metadata they see `name` and `generateName` alone. */
  rules?: readonly ValidationRule[];
  /** Enables the scale subresource; JSON paths as in the CRD. */
  scale?: { specReplicasPath: string; statusReplicasPath: string; labelSelectorPath?: string };
}
