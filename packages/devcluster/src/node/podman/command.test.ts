import { expect, it } from 'vitest';
import { runCommand } from './command.js';

it('gives both outputs', async () => {
  expect(await runCommand('sh', ['-c', 'cat; echo warning >&2'], { input: 'text' })).toEqual({
    stdout: 'text',
    stderr: 'warning\n',
  });
});

it("explains a failure by the command's last words, without its prefix", async () => {
  const failure = runCommand('sh', ['-c', 'echo out; echo "Error: no such thing" >&2; exit 4', 'secret-argument']);
  await expect(failure).rejects.toMatchObject({ message: 'no such thing', exitCode: 4, stdout: 'out\n' });
  await expect(runCommand('sh', ['-c', 'exit 4'])).rejects.toMatchObject({ message: 'it ended with status 4' });
});

it('says when there is no such command', async () => {
  await expect(runCommand('/nonexistent/command', [])).rejects.toMatchObject({
    message: expect.stringContaining('ENOENT') as string,
    exitCode: undefined,
  });
});

it('kills what takes too long, even when a child of it holds the output', async () => {
  const failure = runCommand('sh', ['-c', 'sleep 5 & sleep 600'], { timeout: 20 });
  await expect(failure).rejects.toMatchObject({ message: 'it took too long and was killed', exitCode: undefined });
});
