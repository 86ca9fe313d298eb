// What a step read while it ran. As long as none of it has changed, running it again would give the same: external steps
// use that in order not to ask the outside world at every reconcile.
import type { KubeObject, ObjectKey, Resource } from '@stackwright/kube';
import { qualifiedName } from '@stackwright/kube';
import type { Reader, ReadListOptions } from '@stackwright/core';
import { hashOf } from './hash.js';

type Read = { version: string } & (
  | { type: 'get'; resource: Resource; key: ObjectKey }
  | { type: 'list'; resource: Resource; options: ReadListOptions }
  | { type: 'output'; step: string }
);

export class Inputs {
  /** Each with its version as it was read: what changed while the step ran counts as changed. */
  readonly #reads = new Map<string, Read>();

  get(resource: Resource, key: ObjectKey, read: Readonly<KubeObject> | undefined): void {
    const name = `get ${qualifiedName(resource)} ${key.namespace ?? ''}/${key.name}`;
    this.#reads.set(name, { type: 'get', resource, key, version: versionOf(read) });
  }

  list(resource: Resource, options: ReadListOptions, read: readonly Readonly<KubeObject>[]): void {
    const name = `list ${qualifiedName(resource)} ${hashOf(options)}`;
    this.#reads.set(name, { type: 'list', resource, options, version: versionsOf(read) });
  }

  output(step: string, read: unknown): void {
    this.#reads.set(`output ${step}`, { type: 'output', step, version: hashOf(read) });
  }

  /** Whether reading all of it again gives the same. */
  areUnchanged(reader: Reader, outputOf: (step: string) => unknown): boolean {
    return [...this.#reads.values()].every((read) => {
      switch (read.type) {
        case 'get':
          return read.version === versionOf(reader.get(read.resource, read.key));
        case 'list':
          return read.version === versionsOf(reader.list(read.resource, read.options));
        case 'output':
          return read.version === hashOf(outputOf(read.step));
      }
    });
  }
}

function versionOf(object: Readonly<KubeObject> | undefined): string {
  return object ? `${object.metadata?.uid ?? ''} ${object.metadata?.resourceVersion ?? ''}` : '';
}

function versionsOf(objects: readonly Readonly<KubeObject>[]): string {
  return hashOf(objects.map(versionOf).sort());
}
