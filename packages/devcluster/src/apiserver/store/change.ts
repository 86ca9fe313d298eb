// What is done to the store, and what is kept of it on disk.
import type { ApiObject } from '../json.js';

export interface Change {
  /** "group/plural"; what all versions of a resource share. */
  resource: string;
  /** "namespace/name", or "name" for cluster-scoped resources. */
  key: string;
  /** The new state, given over to the store; absent: delete. */
  object?: ApiObject;
}

/** A change that has its revision. */
export interface Committed extends Change {
  revision: number;
}
