// Objects for which nothing is written, whatever happens: by a field of their spec, or by an annotation where the kind has none.
import type { KubeObject } from '@stackwright/kube';
import { defaultNames, type Names } from '../declare/names.js';

interface Pausable extends KubeObject {
  spec?: object;
}

export function isPaused(object: Readonly<Pausable>, { annotation }: Names = defaultNames): boolean {
  const { paused } = (object.spec ?? {}) as { paused?: unknown };
  return paused === true || object.metadata?.annotations?.[annotation.paused] === 'true';
}

/** The same object as it would be if it were not paused. */
export function resumed<T extends Pausable>(object: Readonly<T>, { annotation }: Names = defaultNames): T {
  const { [annotation.paused]: _annotation, ...annotations } = object.metadata?.annotations ?? {};
  const { paused: _field, ...spec } = (object.spec ?? {}) as { paused?: unknown };
  return { ...object, ...(object.spec ? { spec } : {}), metadata: { ...object.metadata, annotations } };
}
