import { open } from 'node:fs/promises';
import type { Container } from 'kubernetes-types/core/v1.d.ts';
import type { ContainerRuntime, ContainerStatus } from './runtime.js';
import type { Volumes } from './volumes/volumes.js';

/** The kubelet's limits, in bytes and lines. */
const FILE_LIMIT = 4096;
const LOG_LIMIT = 2048;
const LOG_LINES = 80;

/** What containers left behind as the reason of their end, read once each. */
export class TerminationMessages {
  readonly #volumes: Volumes;
  readonly #runtime: ContainerRuntime;
  readonly #messages = new Map<string, string>();

  constructor(volumes: Volumes, runtime: ContainerRuntime) {
    this.#volumes = volumes;
    this.#runtime = runtime;
  }

  get(id: string): string {
    return this.#messages.get(id) ?? '';
  }

  async read(container: Container, status: ContainerStatus): Promise<void> {
    if (status.state.phase !== 'exited' || this.#messages.has(status.id)) return;
    const path = await this.#volumes.terminationFile(status.podUid, status.name, status.attempt);
    let message = await beginningOf(path);
    const fallback = container.terminationMessagePolicy === 'FallbackToLogsOnError';
    if (message === '' && fallback && status.state.exitCode !== 0) message = await this.#lastLines(status.id);
    this.#messages.set(status.id, message);
  }

  async #lastLines(id: string): Promise<string> {
    let text = '';
    for await (const piece of this.#runtime.logs(id, { tailLines: LOG_LINES })) text += piece;
    const logs = Buffer.from(text);
    if (logs.length <= LOG_LIMIT) return logs.toString('utf8');
    const tail = logs.subarray(logs.length - LOG_LIMIT).toString('utf8');
    // Not in the middle of a character.
    return tail.replace(/^\uFFFD+/, '');
  }
}

/** A container may have written any amount. */
async function beginningOf(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(FILE_LIMIT), 0, FILE_LIMIT, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}
