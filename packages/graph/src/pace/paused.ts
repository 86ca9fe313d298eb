// Objects for which nothing is written, whatever happens: by a field of their spec, or by an annotation where the kind has none.
import type { KubeObject } from '@stackwright/kube';
import { Annotation } from '../declare/names.js';

interface Pausable extends KubeObject {
  spec?: object;
}

export function isPaused(object: Readonly<Pausable>): boolean {
  const { paused } = (object.spec ?? {}) as { paused?: unknown };
  return paused === true || object.metadata?.annotations?.[Annotation.paused] === 'true';
}

/** The same object as it would be if it were not paused. */
export function resumed<T extends Pausable>(object: Readonly<T>): T {
  const { [Annotation.paused]: _annotation, ...annotations } = object.metadata?.annotations ?? {};
  const { paused: _field, ...spec } = (object.spec ?? {}) as { paused?: unknown };
  return { ...object, ...(object.spec ? { spec } : {}), metadata: { ...object.metadata, annotations } };
}
