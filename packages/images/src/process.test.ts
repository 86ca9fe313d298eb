import { describe, expect, it } from 'vitest';
import { capture, pipe } from './process.js';

const sh = (script: string) => ({ file: 'sh', args: ['-c', script] });

describe('commands', () => {
  it('give their output, and their last lines when they fail', async () => {
    expect(await capture('sh', ['-c', 'echo one; echo two >&2'])).toBe('one');
    await expect(capture('sh', ['-c', 'echo out; echo reason >&2; exit 3'])).rejects.toThrow(/status 3.*\n.*reason/s);
    await expect(capture('/nonexistent/command', [])).rejects.toThrow(/could not be run/);
  });

  it('name a full disk as such', async () => {
    await expect(capture('sh', ['-c', 'echo "write: No space left on device" >&2; exit 1'])).rejects.toMatchObject({
      code: 'no-space',
    });
  });

  it('are piped without loss', async () => {
    expect(await pipe(sh('head -c 3000000 /dev/zero'), sh('wc -c'))).toBe('3000000');
  });

  it('fail as a pipe when either fails', async () => {
    await expect(pipe(sh('echo lost >&2; exit 4'), sh('cat'))).rejects.toThrow(/status 4.*lost/s);
    await expect(pipe(sh('yes'), sh('echo full >&2; exit 5'))).rejects.toThrow(/status 5.*full/s);
  });

  it('end when asked to', async () => {
    const abort = new AbortController();
    const run = capture('sh', ['-c', 'echo started; exec sleep 600'], {
      signal: abort.signal,
      onLine: () => abort.abort(),
    });
    await expect(run).rejects.toMatchObject({ code: 'aborted' });
  });
});
