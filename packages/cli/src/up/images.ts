import { ImageError, buildImages, createProgress, definitions, type BuiltImage } from '@stackwright/images';
import { CliError } from '../errors.js';
import type { Terminal } from '../terminal/terminal.js';

const common = ['controller', 'node'];

/** Builds the container images of these services that are missing or changed; default: all. */
export async function ensureImages(
  terminal: Terminal,
  signal: AbortSignal,
  services?: readonly string[],
): Promise<BuiltImage[]> {
  const progress = createProgress(terminal.stderr);
  try {
    return await buildImages({
      signal,
      only: services && neededBy(services),
      onProgress: (event) => {
        if (event.state !== 'cached') progress.event(event);
      },
    });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ImageError) {
      throw new CliError(error.message, { cause: error, hints: ['Without containers: npm start -- --simulated'] });
    }
    throw error;
  } finally {
    progress.close();
  }
}

/** In words. */
export function sayBuilt(images: readonly BuiltImage[]): string {
  const built = images.filter(({ cached }) => !cached).length;
  return built === 0 ? `all ${images.length} images are up to date` : `${built} of ${images.length} images were built`;
}

/** The tag of the controllers' image, with the hash of what is in it; undefined where it is not among these. */
export function controllerTag(images: readonly BuiltImage[]): string | undefined {
  const reference = images.find(({ name }) => name === 'controller')?.reference;
  return reference?.slice(reference.lastIndexOf(':') + 1);
}

/** Their own, and what is no service's: the controllers' and the node's. */
function neededBy(services: readonly string[]): string[] {
  const names = definitions.map(({ name }) => name);
  return names.filter((name) => services.includes(name) || common.includes(name));
}
