// podman's own API server, for what its command line cannot do without a terminal: commands and containers that somebody
// talks to. It runs only while it is needed.
import { spawn, type ChildProcess } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { newRunFolder } from '../../temporary.js';

export interface PodmanServiceOptions {
  program?: string;
  /** Where it runs: conmon may leave files there. */
  cwd: string;
  /** For its socket: a path that is short, as those of sockets must be. Made when there is need of it. */
  folder: string;
  /** The OCI runtime. */
  runtime: () => string | undefined;
}

/** It ends by itself when nobody has talked to it for so long, seconds; also when this process was killed. */
const IDLE = 30;
/** How long conmon waits with what is left of a command after its end, seconds: until we have asked how it ended. */
const EXIT_DELAY = 5;
const START_TIMEOUT = 15_000;
const API = '/v4.0.0/libpod';

interface Running {
  process: ChildProcess;
  directory: string;
  socketPath: string;
}

export class PodmanServiceError extends Error {
  override readonly name = 'PodmanServiceError';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export class PodmanService {
  readonly #options: PodmanServiceOptions;
  #running: Promise<Running> | undefined;

  constructor(options: PodmanServiceOptions) {
    this.#options = options;
  }

  /** The answer, decoded. */
  async call<T>(method: 'GET' | 'POST', path: string, body?: object): Promise<T> {
    const { text } = await this.#send(method, path, body, false);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  /** The connection itself, which the answer turns into. Where no body is expected, one would be the first input. */
  async hijack(path: string, body?: object): Promise<Duplex> {
    const { socket } = await this.#send('POST', path, body, true);
    if (socket === undefined) throw new PodmanServiceError(500, 'podman did not hand over the connection');
    return socket;
  }

  /** Ends it, and with it what its connections are for. */
  async stop(): Promise<void> {
    const running = await this.#running?.catch(() => undefined);
    if (running === undefined || running.process.exitCode !== null || running.process.signalCode !== null) return;
    const ended = new Promise((resolve) => running.process.once('exit', resolve));
    running.process.kill('SIGKILL');
    await ended;
  }

  async #send(
    method: string,
    path: string,
    body: object | undefined,
    hijack: boolean,
  ): Promise<{ text: string; socket?: Duplex }> {
    const running = (this.#running ??= this.#start());
    const { socketPath } = await running;
    try {
      return await send(socketPath, method, path, body, hijack);
    } catch (error) {
      if (!isRefused(error)) throw error;
      // It was just about to end.
      if (this.#running === running) this.#running = undefined;
      return send((await (this.#running ??= this.#start())).socketPath, method, path, body, hijack);
    }
  }

  async #start(): Promise<Running> {
    const directory = await newRunFolder(this.#options.folder, 'podman');
    const socketPath = join(directory, 'api.sock');
    const configuration = join(directory, 'containers.conf');
    await writeFile(configuration, `[engine]\nexit_command_delay = ${EXIT_DELAY}\n`);
    const { program = 'podman', cwd, runtime } = this.#options;
    const name = runtime();
    const child = spawn(
      program,
      [
        ...(name === undefined ? [] : ['--runtime', name]),
        'system',
        'service',
        '--time',
        String(IDLE),
        `unix://${socketPath}`,
      ],
      // In a process group of its own, as all of podman: a Ctrl-C is for this process alone.
      {
        cwd,
        detached: true,
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, CONTAINERS_CONF: configuration },
      },
    );
    let complaints = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints = (complaints + text).slice(-2000)));
    let ended: string | undefined;
    const end = (message: string): void => {
      ended ??= message;
      this.#running = undefined;
      void rm(directory, { recursive: true, force: true });
    };
    child.once('error', (error) => end(error.message));
    child.once('exit', () => end(complaints.trim().split('\n').pop() || 'it ended'));
    for (let waited = 0; waited < START_TIMEOUT; waited += 20) {
      if (ended !== undefined) throw new PodmanServiceError(500, `podman's API does not start: ${ended}`);
      try {
        await send(socketPath, 'GET', '/_ping', undefined, false);
        return { process: child, directory, socketPath };
      } catch {
        await pause(20);
      }
    }
    child.kill('SIGKILL');
    throw new PodmanServiceError(500, "podman's API did not start in time");
  }
}

const isRefused = (error: unknown): boolean =>
  ['ECONNREFUSED', 'ENOENT', 'ECONNRESET'].includes((error as NodeJS.ErrnoException).code ?? '');

function send(
  socketPath: string,
  method: string,
  path: string,
  body: object | undefined,
  hijack: boolean,
): Promise<{ text: string; socket?: Duplex }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({
      socketPath,
      method,
      path: API + path,
      agent: false,
      headers: {
        'content-type': 'application/json',
        ...(hijack ? { connection: 'Upgrade', upgrade: 'tcp' } : {}),
      },
    });
    outgoing.once('upgrade', (_response, socket, head) => {
      if (head.length > 0) socket.unshift(head);
      resolve({ text: '', socket });
    });
    outgoing.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      response.once('error', reject);
      response.once('end', () => {
        const { statusCode = 500 } = response;
        if (statusCode < 400) resolve({ text });
        else reject(new PodmanServiceError(statusCode, messageOf(text)));
      });
    });
    outgoing.once('error', reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function messageOf(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    return text;
  }
}
