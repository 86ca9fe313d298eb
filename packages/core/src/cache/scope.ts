// The part of an informer that one watch keeps: a namespace, or everything.
import type { Resource } from '@stackwright/kube';
import { unlessAborted } from '../seams/wait.js';
import type { Selectors } from './cache.js';
import { catchUp, type CatchUpOptions, type Version } from './catch-up.js';
import type { Reflector } from './reflector.js';

export interface ScopeOptions extends Selectors {
  namespace?: string;
}

export class Scope {
  readonly options: ScopeOptions;
  readonly namespace: string | undefined;
  /** Keeps it, once it runs. */
  reflector: Pick<Reflector<never>, 'renew' | 'demandNewest'> | undefined;
  /** How far the watch has come. */
  resourceVersion = '';
  synced = false;
  missing = false;
  /** The last attempt to read the state. */
  failed = false;
  #waiting: (() => void)[] = [];

  constructor(options: ScopeOptions) {
    this.options = options;
    this.namespace = options.namespace;
  }

  /** Resolves with the next `tellChange`. */
  changed(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Something of the above, or of what is in the store, is other than before. */
  tellChange(): void {
    if (this.#waiting.length > 0) for (const told of this.#waiting.splice(0)) told();
  }

  /** See `SharedInformer.catchUp`. `versions`: of what is in the store. */
  async catchUp(
    environment: Pick<CatchUpOptions, 'client' | 'clock' | 'random' | 'log'>,
    resource: Resource,
    versions: () => Iterable<Version>,
    signal: AbortSignal,
  ): Promise<void> {
    while (!this.synced && !this.missing && !this.failed) await unlessAborted(this.changed(), signal);
    if (this.synced) await catchUp({ ...environment, resource, copy: this, versions }, signal);
    else this.reflector?.demandNewest();
  }

  renew(): void {
    this.reflector?.renew();
  }
}
