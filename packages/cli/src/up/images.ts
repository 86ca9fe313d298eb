import { ImageError, buildImages, createProgress, definitions } from '@stackwright/images';
import { CliError } from '../errors.js';
import type { Terminal } from '../terminal/terminal.js';

const common = ['controller', 'node'];

/** Builds the container images of these services that are missing or changed; default: all. Resolves with a line about it. */
export async function ensureImages(
  terminal: Terminal,
  signal: AbortSignal,
  services?: readonly string[],
): Promise<string> {
  const progress = createProgress(terminal.stderr);
  try {
    const images = await buildImages({
      signal,
      only: services && neededBy(services),
      onProgress: (event) => {
        if (event.state !== 'cached') progress.event(event);
      },
    });
    const built = images.filter(({ cached }) => !cached).length;
    return built === 0
      ? `all ${images.length} images are up to date`
      : `${built} of ${images.length} images were built`;
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

/** Their own, and what is no service's: the controllers' and the node's. */
function neededBy(services: readonly string[]): string[] {
  const names = definitions.map(({ name }) => name);
  return names.filter((name) => services.includes(name) || common.includes(name));
}
