// Of a server that may run here or elsewhere: which one serves. What the spec names serves when it has answered, and holds what claims
// have (`serverEndpointStep`); until then it is the one before.
import { isReady, type Conditioned } from '@stackwright/api';
import type { Reconciled } from '@stackwright/graph';

export interface MayBeElsewhere extends Reconciled {
  spec: { external?: { secretRef: { name: string } } };
}

/** Of an object that is not Ready `status.externalSecret` says it. */
export interface InUse {
  /** The Secret of the external server; undefined: the one that is run here serves. */
  externalSecret: string | undefined;
}

export function serverInUseOf(object: Readonly<MayBeElsewhere & Conditioned>): InUse {
  return { externalSecret: isReady(object) ? namedBy(object) : usedBefore(object) };
}

/** By the spec. */
export const namedBy = ({ spec }: Readonly<MayBeElsewhere>): string | undefined => spec.external?.secretRef.name;

/** As last known. */
export const usedBefore = ({ status }: Readonly<Reconciled>): string | undefined =>
  (status as { externalSecret?: string } | undefined)?.externalSecret;
