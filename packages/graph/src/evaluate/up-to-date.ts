// Which children were found to be as they should be: each is compared once, and not again in every reconcile. A
// fingerprint for each is kept, never an object.
import type { KubeObject } from '@stackwright/kube';

interface UpToDateChild {
  uid: string;
  resourceVersion: string;
  /** Of what was wanted. */
  fingerprint: string;
}

export class UpToDateCache {
  /** By the owner's uid. */
  readonly #byOwner = new Map<string, readonly UpToDateChild[]>();

  /** Owners that anything is remembered of. */
  get size(): number {
    return this.#byOwner.size;
  }

  forget(owner: string): void {
    this.#byOwner.delete(owner);
  }

  /** For one reconcile of an owner. */
  of(owner: string): UpToDateChildren {
    return new UpToDateChildren(this.#byOwner.get(owner) ?? [], (now) => {
      if (now.length > 0) this.#byOwner.set(owner, now);
      else this.#byOwner.delete(owner);
    });
  }
}

export class UpToDateChildren {
  readonly #before: readonly UpToDateChild[];
  readonly #keep: (now: readonly UpToDateChild[]) => void;
  #now: UpToDateChild[] = [];

  constructor(before: readonly UpToDateChild[], keep: (now: readonly UpToDateChild[]) => void) {
    this.#before = before;
    this.#keep = keep;
  }

  /** Whether `observed` in this version was found to be what has this fingerprint. */
  has({ metadata }: Readonly<KubeObject>, fingerprint: string): boolean {
    const isIt = (one: UpToDateChild) =>
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

  #put(child: UpToDateChild): void {
    const index = this.#now.findIndex(({ uid }) => uid === child.uid);
    if (index < 0) this.#now.push(child);
    else this.#now[index] = child;
  }
}
