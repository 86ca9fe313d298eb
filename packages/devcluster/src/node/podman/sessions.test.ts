import { Duplex, PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import type { ProcessStreams } from '../../shared/process.js';
import { execSession } from './sessions.js';
import type { PodmanService } from './service.js';

/** What podman sends, and the calls that it gets. */
function podman(output: readonly Buffer[], exitCode: number) {
  const calls: string[] = [];
  const input = new PassThrough();
  const service = {
    call: (method: string, path: string) => {
      calls.push(`${method} ${path}`);
      if (path.endsWith('/exec')) return Promise.resolve({ Id: 'e' });
      return Promise.resolve({ ExitCode: exitCode, Running: false, Pid: 0 });
    },
    hijack: (path: string, body: object) => {
      calls.push(`${path} ${JSON.stringify(body)}`);
      const from = Readable.from(output, { objectMode: false });
      return Promise.resolve(Duplex.from({ readable: from, writable: input }));
    },
  } as unknown as PodmanService;
  return { service, calls, input };
}

const frame = (stream: number, data: string): Buffer => {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(data.length, 4);
  return Buffer.concat([header, Buffer.from(data)]);
};
const outputs = async ({ stdout, stderr, exit }: ProcessStreams): Promise<unknown[]> =>
  Promise.all([stdout ? text(stdout) : undefined, stderr ? text(stderr) : undefined, exit]);
const all = { stdin: false, stdout: true, stderr: true, tty: false };

describe('a command by the API of podman', () => {
  it('has two outputs, however their frames arrive', async () => {
    const bytes = Buffer.concat([frame(1, 'one '), frame(2, 'bad '), frame(1, ''), frame(1, 'two'), frame(2, 'worse')]);
    for (const size of [1, 7, 1000]) {
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
        bytes.subarray(index * size, (index + 1) * size),
      );
      const { service } = podman(pieces, 3);
      expect(await outputs(await execSession(service, 'c', ['x'], all))).toEqual(['one two', 'bad worse', 3]);
    }
  });

  it('has one on a terminal, of the size that is known', async () => {
    const { service, calls } = podman([Buffer.from('$ ')], 0);
    const size = { columns: 97, rows: 31 };
    const session = await execSession(service, 'c', ['sh'], { ...all, tty: true, size: () => size });
    expect(calls).toContain('/exec/e/start {"Detach":false,"Tty":true,"h":31,"w":97}');
    session.resize(size);
    session.resize({ columns: 80, rows: 24 });
    expect(await outputs(session)).toEqual(['$ ', undefined, 0]);
    expect(calls.filter((call) => call.includes('resize'))).toEqual(['POST /exec/e/resize?h=24&w=80']);
  });

  it('fails when it cannot be started, which podman says where its output would be', async () => {
    const complaint = 'Error: runc: exec failed: exec: "x": executable file not found in $PATH: OCI runtime attempted';
    const { service } = podman([frame(2, `${complaint}\n`), frame(2, 'Error: read unixpacket\n')], 127);
    const session = await execSession(service, 'c', ['x'], all);
    await expect(session.exit).rejects.toThrow('failed to start exec: runc: exec failed: exec: "x"');
    expect(await Promise.all([text(session.stdout!), text(session.stderr!)])).toEqual(['', '']);
    // A command that ends like this is one that was started.
    const shell = podman([frame(2, 'sh: 1: nope: not found\n')], 127);
    expect(await outputs(await execSession(shell.service, 'c', ['sh'], all))).toEqual([
      '',
      'sh: 1: nope: not found\n',
      127,
    ]);
  });
});
