import type { ControllerModule } from '@stackwright/core';
import { crdOf, type CustomResourceDefinition, type KubeObject } from '@stackwright/kube';
import { controllerManifests, type ManifestOptions } from './controller.js';
import { namespaceManifest } from './namespace.js';

/** The CRDs of these modules; one that several bring is there once. */
export function customResourceDefinitions(modules: readonly ControllerModule[]): CustomResourceDefinition[] {
  const definitions = modules.flatMap(({ customResources }) => customResources.map((resource) => crdOf(resource)));
  return [...new Map(definitions.map((definition) => [definition.metadata?.name, definition])).values()];
}

/** All that a cluster needs for these modules, in the order in which it is to be applied. */
export function manifestsFor(modules: readonly ControllerModule[], options: ManifestOptions): KubeObject[] {
  return [namespaceManifest(options.namespace), ...serviceManifests(modules, options)];
}

/** Without what all services share: the namespace. */
export function serviceManifests(modules: readonly ControllerModule[], options: ManifestOptions): KubeObject[] {
  return [...customResourceDefinitions(modules), ...modules.flatMap((module) => controllerManifests(module, options))];
}
