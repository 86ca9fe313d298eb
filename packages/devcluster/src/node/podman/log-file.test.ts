import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LogOptions } from '../runtime.js';
import { followLog, readLog as pieces } from './log-file.js';

const time = (second: number): string => `2026-01-02T03:04:${String(second).padStart(2, '0')}.000000000+00:00`;
const entry = (second: number, text: string, tag = 'F', stream = 'stdout'): string =>
  `${time(second)} ${stream} ${tag} ${text}\n`;

async function readLog(file: string, options: LogOptions): Promise<string> {
  let text = '';
  for await (const piece of pieces(file, options)) text += piece;
  return text;
}

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'logs-'));
  path = join(directory, '0.log');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('reading a log', () => {
  it('gives what the container wrote, parts of lines joined', async () => {
    await writeFile(
      path,
      entry(1, 'one') +
        entry(2, 'half ', 'P') +
        entry(2, 'line') +
        entry(3, '') +
        entry(3, 'error', 'F', 'stderr') +
        entry(4, 'no break', 'P'),
    );
    expect(await readLog(path, {})).toBe('one\nhalf line\n\nerror\nno break');
  });

  it('puts the time in front of lines, not of their parts', async () => {
    await writeFile(path, entry(1, 'a ', 'P') + entry(2, 'b') + entry(3, 'c'));
    expect(await readLog(path, { timestamps: true })).toBe(
      '2026-01-02T03:04:01.000000000Z a b\n2026-01-02T03:04:03.000000000Z c\n',
    );
  });

  it('takes the last lines, of long logs too', async () => {
    const lines = Array.from({ length: 5000 }, (_, index) => entry(1, `line ${index} ${'x'.repeat(50)}`));
    await writeFile(path, lines.join(''));
    const tail = await readLog(path, { tailLines: 2000 });
    expect(tail.split('\n').filter((line) => line !== '')).toHaveLength(2000);
    expect(tail).toMatch(/^line 3000 /);
    expect(await readLog(path, { tailLines: 0 })).toBe('');
    expect((await readLog(path, { tailLines: 9999 })).split('\n')).toHaveLength(5001);
  });

  it('starts at a time and ends at a size', async () => {
    await writeFile(path, entry(1, 'early') + entry(3, 'late') + entry(4, 'later'));
    expect(await readLog(path, { sinceTime: '2026-01-02T03:04:02Z' })).toBe('late\nlater\n');
    expect(await readLog(path, { limitBytes: 7 })).toBe('early\nl');
  });

  it('is empty before there is one', async () => {
    expect(await readLog(path, {})).toBe('');
  });
});

describe('following a log', () => {
  /** Follows in the background; `text` grows with it. */
  function follow(options: Omit<LogOptions, 'follow'> = {}) {
    const abort = new AbortController();
    let ended = false;
    let wake = (): void => undefined;
    const state = { text: '' };
    const done = (async () => {
      for await (const part of followLog(path, {
        ...options,
        signal: abort.signal,
        ended: async () => ended,
        onEnd: (listener) => {
          wake = listener;
          return () => undefined;
        },
      })) {
        state.text += part;
      }
    })();
    const end = (): void => {
      ended = true;
      wake();
    };
    return { state, done, end, abort };
  }

  it('gives new lines as they come, and all there is at the end', async () => {
    await writeFile(path, entry(1, 'old') + entry(2, 'last'));
    const { state, done, end } = follow({ tailLines: 1 });
    await expect.poll(() => state.text).toBe('last\n');
    await appendFile(path, entry(3, 'new').slice(0, 10));
    await appendFile(path, entry(3, 'new').slice(10));
    await expect.poll(() => state.text).toBe('last\nnew\n');
    await appendFile(path, entry(4, 'final'));
    end();
    await done;
    expect(state.text).toBe('last\nnew\nfinal\n');
  });

  it('goes on when the log starts anew, and misses nothing between the two', async () => {
    await writeFile(path, entry(1, 'one'));
    const { state, done, end } = follow();
    const other = follow({ tailLines: 0 });
    await expect.poll(() => state.text).toBe('one\n');
    // As conmon does it, while nobody looks.
    await Promise.all([
      appendFile(path, entry(2, 'two')),
      writeFile(`${path}.tmp`, entry(3, 'three')).then(() => rename(`${path}.tmp`, path)),
    ]);
    await appendFile(path, entry(4, 'four'));
    await expect.poll(() => state.text).toBe('one\ntwo\nthree\nfour\n');
    end();
    other.end();
    await Promise.all([done, other.done]);
    expect(other.state.text).toBe('two\nthree\nfour\n');
  });

  it('starts at a time, and ends at a size', async () => {
    await writeFile(path, entry(1, 'early') + entry(3, 'late'));
    const { state, done } = follow({ sinceTime: '2026-01-02T03:04:02Z', limitBytes: 8 });
    await expect.poll(() => state.text).toBe('late\n');
    await appendFile(path, entry(4, 'later'));
    await done;
    expect(state.text).toBe('late\nlat');
  });

  it('ends when nobody listens any more', async () => {
    await writeFile(path, entry(1, 'x'));
    const { state, done, abort } = follow();
    await expect.poll(() => state.text).toBe('x\n');
    abort.abort();
    await done;
  });
});
