import { watch, type FSWatcher } from 'node:fs';

/** conmon leaves the exit code there in a file of the container's name; podman removes it when it has taken note. */
const EXITS_DIRECTORY = '/run/libpod/exits';

/** Where that directory is not, containers are asked for at this interval. Milliseconds. */
const POLL_INTERVAL = 2000;

/**
 * Tells when containers end: within a millisecond, without a process that waits for it (`podman events` is 32 MB, and
 * reads its log four times a second).
 */
export class ExitWatcher {
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;

  start(ended: (containerId: string) => void, poll: () => void): void {
    this.stop();
    try {
      this.#watcher = watch(EXITS_DIRECTORY, (_event, name) => {
        if (name !== null) ended(name);
      });
      this.#watcher.on('error', () => this.#poll(poll));
    } catch {
      this.#poll(poll);
    }
  }

  stop(): void {
    this.#watcher?.close();
    clearInterval(this.#timer);
    this.#watcher = undefined;
    this.#timer = undefined;
  }

  #poll(poll: () => void): void {
    this.#timer ??= setInterval(poll, POLL_INTERVAL);
  }
}
