// What the verbs work with.
export { formatTime as timestamp } from '@stackwright/kube';
import type { AdmissionPlugin } from './admission.js';
import type { Registry } from './registry/registry.js';
import type { Store } from './store/store.js';

export interface ServerContext {
  readonly store: Store;
  readonly registry: Registry;
  /** In order; more may be added while the server runs. */
  readonly admission: AdmissionPlugin[];
  /** Milliseconds since the epoch. */
  now(): number;
  /** See `ApiServerOptions`. */
  readonly loopbackEndpointsOf: string | undefined;
  /** Milliseconds between bookmarks. */
  readonly bookmarkInterval: number;
  /** Resources of CRDs that are new, by storage name: until when (milliseconds since the epoch) their lists are refused. */
  readonly settling: Map<string, number>;
}
