// Which children were found to be as they should be: each is compared once, and not again in every reconcile. A
// fingerprint for each is kept, never an object.
import type { KubeObject } from '@stackwright/kube';

interface Agreement {
  uid: string;
  resourceVersion: string;
  /** Of what was wanted. */
  fingerprint: string;
}

export class Agreements {
  /** By the owner's uid. */
  readonly #lasting = new Map<string, readonly Agreement[]>();

  /** Owners that anything is remembered of. */
  get size(): number {
    return this.#lasting.size;
  }

  forget(owner: string): void {
    this.#lasting.delete(owner);
  }

  /** For one reconcile of an owner. */
  of(owner: string): OwnAgreements {
    return new OwnAgreements(this.#lasting.get(owner) ?? [], (now) => {
      if (now.length > 0) this.#lasting.set(owner, now);
      else this.#lasting.delete(owner);
    });
  }
}

export class OwnAgreements {
  readonly #before: readonly Agreement[];
  readonly #keep: (now: readonly Agreement[]) => void;
  #now: Agreement[] = [];

  constructor(before: readonly Agreement[], keep: (now: readonly Agreement[]) => void) {
    this.#before = before;
    this.#keep = keep;
  }

  /** Whether `observed` in this version was found to be what has this fingerprint. */
  has({ metadata }: Readonly<KubeObject>, fingerprint: string): boolean {
    const isIt = (one: Agreement) =>
      one.uid === metadata?.uid && one.resourceVersion === metadata.resourceVersion && one.fingerprint === fingerprint;
    if (this.#now.some(isIt)) return true;
    const known = this.#before.find(isIt);
    if (known) this.#put(known);
    return known !== undefined;
  }

  add({ metadata }: Readonly<KubeObject>, fingerprint: string): void {
    const { uid, resourceVersion } = metadata ?? {};
    if (uid !== undefined && resourceVersion !== undefined) this.#put({ uid, resourceVersion, fingerprint });
  }

  /** At the end of the reconcile: what was not asked for in it is forgotten. */
  keep(): void {
    this.#keep(this.#now);
  }

  #put(agreement: Agreement): void {
    const index = this.#now.findIndex(({ uid }) => uid === agreement.uid);
    if (index < 0) this.#now.push(agreement);
    else this.#now[index] = agreement;
  }
}
