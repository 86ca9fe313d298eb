// Container logs as conmon writes them (k8s-file, the kubelet's own format):
//   2026-01-02T03:04:05.678901234+00:00 stdout F a whole line
// with P for a part of a line that its next entry goes on with.
// At its maximum size a log is put aside for a new file of the same name, and is gone for those who do not have it open.
import { watch } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { limited } from '../log-limits.js';
import type { LogOptions } from '../runtime.js';

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
  return { time: time.replace(/\+00:00$/, 'Z'), text: tag === 'F' ? `${content}\n` : content };
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

/** What there is by now. Empty when there is no such file yet. */
export async function* readLog(path: string, options: Omit<LogOptions, 'follow'>): AsyncGenerator<string> {
  const file = await openLog(path);
  if (file === undefined) return;
  try {
    const { size } = await file.stat();
    const reader = new LineReader(file, await tailOffset(file, size, options.tailLines));
    yield* limited(rendered(reader.read(size), new Renderer(options)), options.limitBytes);
  } finally {
    await file.close();
  }
}

interface FollowOptions extends Omit<LogOptions, 'follow'> {
  signal: AbortSignal;
  ended: () => Promise<boolean>;
  onEnd: (listener: () => void) => () => void;
}

/**
 * Yields the log as it grows, until `ended` says that nothing more is written, or the signal aborts. `onEnd` is how to
 * learn that `ended` may have changed; it returns how to stop listening.
 */
export function followLog(path: string, options: FollowOptions): AsyncGenerator<string> {
  return limited(follow(path, options), options.limitBytes);
}

async function* follow(path: string, options: FollowOptions): AsyncGenerator<string> {
  const { signal } = options;
  let file = await openLog(path);
  if (file === undefined) return;
  const wake = new Wake();
  const wakeUp = (): void => wake.up();
  // Watched before the first read: what is written between the two is not missed. The directory, as the file changes.
  const watcher = watch(dirname(path), wakeUp).on('error', wakeUp);
  const forget = options.onEnd(wakeUp);
  signal.addEventListener('abort', wakeUp);
  try {
    const renderer = new Renderer(options);
    let reader = new LineReader(file, await tailOffset(file, (await file.stat()).size, options.tailLines));
    while (!signal.aborted) {
      const changed = wake.next();
      // Both are asked before reading: what was written until then is then read below.
      const ended = await options.ended();
      const replaced = await isReplaced(file, path);
      for await (const text of rendered(reader.read(), renderer)) {
        yield text;
        if (signal.aborted) return;
      }
      if (replaced) {
        const next = await openLog(path);
        if (next === undefined) return;
        await file.close();
        file = next;
        reader = new LineReader(file, 0);
      } else if (ended) return;
      else await changed;
    }
  } finally {
    signal.removeEventListener('abort', wakeUp);
    forget();
    watcher.close();
    await file.close();
  }
}

async function isReplaced(file: FileHandle, path: string): Promise<boolean> {
  const [ours, there] = await Promise.all([file.stat(), stat(path).catch(() => undefined)]);
  return there !== undefined && there.ino !== ours.ino;
}

async function* rendered(lines: AsyncIterable<string[]>, renderer: Renderer): AsyncGenerator<string> {
  for await (const some of lines) {
    const text = renderer.render(some);
    if (text !== '') yield text;
  }
}

/** Reads whole lines, piece by piece: logs are long, and their readers slow. */
class LineReader {
  readonly #file: FileHandle;
  #offset: number;

  constructor(file: FileHandle, offset: number) {
    this.#file = file;
    this.#offset = offset;
  }

  /** Up to the last line break before `end`, which is by default that of the file. */
  async *read(end = Infinity): AsyncGenerator<string[]> {
    let size = CHUNK;
    for (;;) {
      const buffer = Buffer.alloc(Math.min(size, end - this.#offset));
      const { bytesRead } = await this.#file.read(buffer, 0, buffer.length, this.#offset);
      const length = buffer.subarray(0, bytesRead).lastIndexOf(0x0a) + 1;
      if (length > 0) {
        this.#offset += length;
        size = CHUNK;
        yield buffer.toString('utf8', 0, length - 1).split('\n');
      } else if (bytesRead < size) return;
      else size *= 2;
    }
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
