import type { ControllerModule } from '@stackwright/core';
import { toYaml } from '@stackwright/kube';
import { CliError } from '../errors.js';
import { manifestsFor, serviceManifests } from '../manifests/manifests.js';
import type { ManifestOptions } from '../manifests/controller.js';
import type { Terminal } from '../terminal/terminal.js';

/** Prints what `kubectl apply -f -` takes. */
export function manifests(
  terminal: Terminal,
  modules: readonly ControllerModule[],
  services: readonly string[],
  options: ManifestOptions,
): void {
  // The namespace belongs to whoever installs all of it, and not to the team of one service.
  const print = services.length === 0 ? manifestsFor : serviceManifests;
  terminal.data(toYaml(...print(selected(modules, services), options)).trimEnd());
}

function selected(modules: readonly ControllerModule[], services: readonly string[]): readonly ControllerModule[] {
  if (services.length === 0) return modules;
  return services.map((name) => {
    const module = modules.find((each) => each.name === name);
    if (!module) {
      throw new CliError(`There is no controller "${name}".`, {
        hints: [`There are: ${modules.map((each) => each.name).join(', ')}`],
      });
    }
    return module;
  });
}
