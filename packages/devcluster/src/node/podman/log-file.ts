// Container logs as conmon writes them (k8s-file, the kubelet's own format):
//   2026-01-02T03:04:05.678901234+00:00 stdout F a whole line
// with P for a part of a line that its next entry goes on with.
import { watch } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

export interface LogOptions {
  tailLines?: number;
  limitBytes?: number;
  sinceTime?: string;
  timestamps?: boolean;
}

const CHUNK = 64 * 1024;

interface Entry {
  time: string;
  /** With its line break, unless it is a part of a line. */
  text: string;
}

export function parseEntry(line: string): Entry | undefined {
  const match = /^(\S+) (stdout|stderr) ([FP]) ?(.*)$/s.exec(line);
  if (match === null) return undefined;
  const [, time = '', , tag, content = ''] = match;
  return { time, text: tag === 'F' ? `${content}\n` : content };
}

/** Joins entries to what the container wrote, from a point in time on. */
class Renderer {
  readonly #options: Pick<LogOptions, 'timestamps' | 'sinceTime'>;
  #lineStart = true;

  constructor(options: Pick<LogOptions, 'timestamps' | 'sinceTime'>) {
    this.#options = options;
  }

  render(lines: readonly string[]): string {
    const { timestamps = false, sinceTime } = this.#options;
    const since = sinceTime === undefined ? undefined : Date.parse(sinceTime);
    let text = '';
    for (const line of lines) {
      const entry = parseEntry(line);
      if (entry === undefined || (since !== undefined && Date.parse(entry.time) < since)) continue;
      text += timestamps && this.#lineStart ? `${entry.time} ${entry.text}` : entry.text;
      this.#lineStart = entry.text.endsWith('\n');
    }
    return text;
  }
}

/** Empty when there is no such file yet. */
export async function readLog(path: string, options: LogOptions): Promise<string> {
  const file = await openLog(path);
  if (file === undefined) return '';
  try {
    const { size } = await file.stat();
    const start = await tailOffset(file, size, options.tailLines);
    const text = new Renderer(options).render((await readRange(file, start, size)).split('\n'));
    return options.limitBytes === undefined ? text : Buffer.from(text).subarray(0, options.limitBytes).toString();
  } finally {
    await file.close();
  }
}

/**
 * Yields the log as it grows, until `ended` says that nothing more is written, or the signal aborts. `onEnd` is how to
 * learn that `ended` may have changed; it returns how to stop listening.
 */
export async function* followLog(
  path: string,
  options: Pick<LogOptions, 'tailLines' | 'timestamps'> & {
    signal: AbortSignal;
    ended: () => Promise<boolean>;
    onEnd: (listener: () => void) => () => void;
  },
): AsyncGenerator<string> {
  const { signal } = options;
  const file = await openLog(path);
  if (file === undefined) return;
  const wake = new Wake();
  // Watched before the first read: what is written between the two is not missed.
  const watcher = watch(path, () => wake.up());
  const forget = options.onEnd(() => wake.up());
  const aborted = (): void => wake.up();
  signal.addEventListener('abort', aborted);
  try {
    const renderer = new Renderer(options);
    let offset = await tailOffset(file, (await file.stat()).size, options.tailLines);
    while (!signal.aborted) {
      const changed = wake.next();
      // Asked before reading: what was written until the end is then read below.
      const ended = await options.ended();
      const { size } = await file.stat();
      if (size < offset) offset = 0; // started anew at its maximum size
      const { text, end } = await readWholeLines(file, offset, size);
      offset = end;
      const rendered = renderer.render(text.split('\n'));
      if (rendered !== '') yield rendered;
      if (ended) return;
      await changed;
    }
  } finally {
    signal.removeEventListener('abort', aborted);
    forget();
    watcher.close();
    await file.close();
  }
}

/** A signal that is not lost when it comes before somebody waits for it. */
class Wake {
  #resolve: () => void = () => undefined;

  next(): Promise<void> {
    return new Promise((resolve) => (this.#resolve = resolve));
  }

  up(): void {
    this.#resolve();
  }
}

async function openLog(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function readRange(file: FileHandle, start: number, end: number): Promise<string> {
  const buffer = Buffer.alloc(end - start);
  const { bytesRead } = await file.read(buffer, 0, buffer.length, start);
  return buffer.subarray(0, bytesRead).toString('utf8');
}

/** Up to the last line break, so that no character is cut in two. */
async function readWholeLines(file: FileHandle, start: number, end: number): Promise<{ text: string; end: number }> {
  const buffer = Buffer.alloc(Math.max(0, end - start));
  const { bytesRead } = await file.read(buffer, 0, buffer.length, start);
  const length = buffer.subarray(0, bytesRead).lastIndexOf(0x0a) + 1;
  return { text: buffer.toString('utf8', 0, length), end: start + length };
}

/** Where the last `count` lines begin; read backwards, as logs are long and tails short. */
async function tailOffset(file: FileHandle, size: number, count: number | undefined): Promise<number> {
  if (count === undefined) return 0;
  if (count <= 0) return size;
  let found = 0;
  for (let end = size; end > 0; end -= CHUNK) {
    const start = Math.max(0, end - CHUNK);
    const chunk = Buffer.alloc(end - start);
    await file.read(chunk, 0, chunk.length, start);
    for (let index = chunk.length - 1; index >= 0; index -= 1) {
      // The break at the very end of the file ends the last line, it does not begin another one.
      if (chunk[index] !== 0x0a || start + index === size - 1) continue;
      found += 1;
      if (found === count) return start + index + 1;
    }
  }
  return 0;
}
