// Commands and containers that somebody talks to, by podman's API.
import { once } from 'node:events';
import { PassThrough, type Duplex, type Writable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { ProcessStreams, StreamOptions, TerminalSize } from '../../shared/process.js';
import { RuntimeError } from '../runtime.js';
import { killTree } from './process-tree.js';
import type { PodmanService } from './service.js';

interface ExecState {
  ExitCode: number;
  Running: boolean;
  Pid: number;
}

/** The OCI runtime's complaint, which podman prints where the command's own output would be. */
const START_FAILURE = /^Error: (.*OCI (?:runtime|permission).*)/s;

export async function execSession(
  service: PodmanService,
  containerId: string,
  command: readonly string[],
  options: StreamOptions,
): Promise<ProcessStreams> {
  const { stdin, tty } = options;
  const { Id: id } = await service.call<{ Id: string }>('POST', `/containers/${containerId}/exec`, {
    AttachStdin: stdin,
    AttachStdout: true,
    AttachStderr: !tty,
    Tty: tty,
    Cmd: command,
  });
  const size = options.size?.();
  const socket = await service.hijack(`/exec/${id}/start`, {
    Detach: false,
    Tty: tty,
    ...(size === undefined ? {} : { h: size.rows, w: size.columns }),
  });
  const outputs = demultiplex(socket, tty, START_FAILURE);
  const state = (): Promise<ExecState> => service.call<ExecState>('GET', `/exec/${id}/json`);
  return {
    ...streams(socket, outputs, options),
    resize: resizer((to) => service.call('POST', `/exec/${id}/resize?${sizeQuery(to)}`), size),
    exit: outputs.ended.then(async () => {
      const { ExitCode } = await settled(state);
      if (outputs.complaint === undefined || ExitCode < 126) return ExitCode;
      throw new RuntimeError('ExecError', `failed to start exec: ${outputs.complaint}`);
    }),
    hangUp: async () => {
      socket.destroy();
      try {
        const { Running, Pid } = await state();
        if (Running && Pid > 0) await killTree(Pid);
      } catch {
        // it ended by itself, and is forgotten
      }
    },
  };
}

/** From now on; what was written before is in the log. */
export async function attachSession(
  service: PodmanService,
  containerId: string,
  options: StreamOptions,
): Promise<ProcessStreams> {
  const query = `stream=true&stdin=${options.stdin}&stdout=true&stderr=true&logs=false`;
  const socket = await service.hijack(`/containers/${containerId}/attach?${query}`);
  const outputs = demultiplex(socket, options.tty);
  const resize = resizer((to) => service.call('POST', `/containers/${containerId}/resize?${sizeQuery(to)}`));
  const size = options.size?.();
  if (options.tty && size !== undefined) resize(size);
  return {
    ...streams(socket, outputs, options),
    resize: options.tty ? resize : () => undefined,
    exit: outputs.ended.then(() => 0),
    hangUp: async () => void socket.destroy(),
  };
}

const sizeQuery = ({ rows, columns }: TerminalSize): string => `h=${rows}&w=${columns}`;

function streams(
  socket: Duplex,
  { stdout, stderr }: Outputs,
  options: StreamOptions,
): Pick<ProcessStreams, 'stdin' | 'stdout' | 'stderr'> {
  if (!options.stdout) stdout.resume();
  if (!options.stderr || options.tty) stderr.resume();
  return {
    ...(options.stdin ? { stdin: socket } : {}),
    ...(options.stdout ? { stdout } : {}),
    ...(options.stderr && !options.tty ? { stderr } : {}),
  };
}

/** One after the other, and of those that wait only the last. */
function resizer(send: (size: TerminalSize) => Promise<unknown>, first?: TerminalSize): (size: TerminalSize) => void {
  let current = first;
  let wanted: TerminalSize | undefined;
  let busy = false;
  const run = async (): Promise<void> => {
    busy = true;
    while (wanted !== undefined) {
      const next = wanted;
      wanted = undefined;
      if (next.columns === current?.columns && next.rows === current.rows) continue;
      current = next;
      // Too early or too late; the next one may come right.
      await send(next).catch(() => undefined);
    }
    busy = false;
  };
  return (size) => {
    wanted = size;
    if (!busy) void run();
  };
}

/** How long podman may take to notice the end of a command whose outputs have ended, in looks and milliseconds. */
const LOOKS = 100;
const BETWEEN_LOOKS = 50;

async function settled(state: () => Promise<ExecState>): Promise<ExecState> {
  for (let look = 1; ; look += 1) {
    const now = await state();
    if (!now.Running || look === LOOKS) return now;
    await pause(BETWEEN_LOOKS);
  }
}

/** Waits until an output takes more, or does not matter any more. */
async function writable(output: Writable, socket: Duplex): Promise<void> {
  const over = new AbortController();
  const { signal } = over;
  const events = [
    once(output, 'drain', { signal }),
    once(output, 'close', { signal }),
    once(socket, 'close', { signal }),
  ];
  await Promise.race(events).catch(() => undefined);
  over.abort();
  await Promise.allSettled(events);
}

interface Outputs {
  stdout: PassThrough;
  stderr: PassThrough;
  /** Resolves when all has been read from the connection; never rejects. */
  ended: Promise<void>;
  /** What matched `complaints` and was held back. */
  readonly complaint: string | undefined;
}

const FRAME_HEADER = 8;

/** Without a terminal both outputs come in frames: which one, three zeros, and the length, in front of each. */
function demultiplex(socket: Duplex, tty: boolean, complaints?: RegExp): Outputs {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  let complaint: string | undefined;
  const give = async (output: Writable, data: Buffer): Promise<void> => {
    if (complaint === undefined && complaints !== undefined && data.length < 4096)
      complaint = complaints.exec(data.toString())?.[1]?.trim();
    // What follows a complaint is podman's own trouble with it.
    if (complaint === undefined && !output.destroyed && !output.write(data)) await writable(output, socket);
  };
  const read = async (): Promise<void> => {
    let header = Buffer.alloc(0);
    let output: Writable = stdout;
    let missing = 0;
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
      let rest = chunk as Buffer;
      if (tty) await give(stdout, rest);
      else
        while (rest.length > 0) {
          if (missing === 0) {
            const part = rest.subarray(0, FRAME_HEADER - header.length);
            header = Buffer.concat([header, part]);
            rest = rest.subarray(part.length);
            if (header.length < FRAME_HEADER) continue;
            output = header[0] === 2 ? stderr : stdout;
            missing = header.readUInt32BE(4);
            header = Buffer.alloc(0);
          }
          const data = rest.subarray(0, missing);
          rest = rest.subarray(data.length);
          missing -= data.length;
          if (data.length > 0) await give(output, data);
        }
    }
  };
  socket.on('error', () => undefined);
  const ended = read()
    .catch(() => undefined)
    .then(() => {
      stdout.end();
      stderr.end();
      socket.destroy();
    });
  return {
    stdout,
    stderr,
    ended,
    get complaint() {
      return complaint;
    },
  };
}
