// Reads from the informer cache. Objects are shared: treat them as frozen.
import type { KubeObject, ObjectKey, Resource } from '@stackwright/kube';

export interface ReadListOptions {
  namespace?: string;
  /** Equality on every label given. */
  labels?: Readonly<Record<string, string>>;
}

export interface Reader {
  get<T extends KubeObject>(resource: Resource<T>, key: ObjectKey): Readonly<T> | undefined;
  list<T extends KubeObject>(resource: Resource<T>, options?: ReadListOptions): readonly Readonly<T>[];
}
