// Connections to the loopback address of a Pod. Only a process in the Pod's network namespace can make them, but whoever
// has their descriptor can use them: a small helper connects, and passes the connection on.
import { spawn, type ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';

/** When nobody asked it for so long, milliseconds, a helper ends; connections stay. */
const LINGER = 10_000;

/** Of the helper. IPv4 first, as "localhost" is looked up; paused, so that it reads nothing that is not for it. */
const PROGRAM = `
const { connect } = require('node:net');
process.once('disconnect', () => process.exit());
process.on('message', ({ id, port }) => {
  const dial = (hosts, firstError) => {
    const [host, ...others] = hosts;
    const socket = connect({ host, port });
    socket.pause();
    socket.once('error', ({ message }) => {
      if (others.length > 0) dial(others, firstError ?? message);
      else process.send({ id, error: firstError ?? message });
    });
    socket.once('connect', () => process.send({ id }, socket));
  };
  dial(['127.0.0.1', '::1']);
});
`;

interface Reply {
  id: number;
  error?: string;
}

export class LoopbackDialer {
  readonly #helpers = new Map<string, Helper>();

  /** `enter` are the words in front of a command that let it run in the Pod's network. */
  async dial(podUid: string, port: number, enter: readonly string[]): Promise<Socket> {
    let helper = this.#helpers.get(podUid);
    if (helper === undefined) {
      const started = new Helper(enter, () => {
        if (this.#helpers.get(podUid) === started) this.#helpers.delete(podUid);
      });
      this.#helpers.set(podUid, started);
      helper = started;
    }
    return helper.dial(port);
  }

  /** The Pod is gone. */
  forget(podUid: string): void {
    this.#helpers.get(podUid)?.stop();
  }

  stop(): void {
    for (const helper of this.#helpers.values()) helper.stop();
  }
}

class Helper {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (socket: Socket) => void; reject: (error: Error) => void }>();
  readonly #ended: () => void;
  #next = 0;
  #linger: NodeJS.Timeout | undefined;

  constructor(enter: readonly string[], ended: () => void) {
    this.#ended = ended;
    const [file = '', ...args] = [...enter, process.execPath, '-e', PROGRAM];
    this.#process = spawn(file, args, {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      // Options of this process are not for it.
      env: { PATH: process.env['PATH'] },
      detached: true,
    });
    this.#process.on('message', (reply: Reply, socket) => this.#receive(reply, socket as Socket | undefined));
    this.#process.once('error', (error) => this.#end(error));
    this.#process.once('exit', () => this.#end(new Error("the Pod's network cannot be entered")));
  }

  dial(port: number): Promise<Socket> {
    clearTimeout(this.#linger);
    return new Promise((resolve, reject) => {
      const id = (this.#next += 1);
      this.#waiting.set(id, { resolve, reject });
      // Where it cannot be told, it has ended, or never began: that is heard of by itself.
      this.#process.send({ id, port }, () => undefined);
    });
  }

  stop(): void {
    clearTimeout(this.#linger);
    this.#ended();
    // It ends when nobody is there any more to talk to.
    if (this.#process.connected) this.#process.disconnect();
  }

  #receive({ id, error }: Reply, socket: Socket | undefined): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (socket !== undefined) {
      socket.allowHalfOpen = true;
      if (waiting === undefined) socket.destroy();
      else waiting.resolve(socket);
    } else waiting?.reject(new Error(error ?? 'no connection'));
    if (this.#waiting.size > 0) return;
    this.#linger = setTimeout(() => this.stop(), LINGER);
    this.#linger.unref();
  }

  #end(error: Error): void {
    clearTimeout(this.#linger);
    this.#ended();
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
