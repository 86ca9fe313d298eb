import { ImageError, buildImages, createProgress } from '@stackwright/images';
import { CliError } from '../errors.js';
import type { Terminal } from '../terminal/terminal.js';

/** Builds the container images that are missing or changed. Resolves with a line about it. */
export async function ensureImages(terminal: Terminal, signal: AbortSignal): Promise<string> {
  const progress = createProgress(terminal.stderr);
  try {
    const images = await buildImages({
      signal,
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
