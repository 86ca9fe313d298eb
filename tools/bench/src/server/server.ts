// The bench's side of the server process.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connectionTo, createClient, createTransport, type Client, type Transport } from '@stackwright/kube';
import { cpuSeconds } from '../process/proc.js';
import { benchUserAgent, type BenchMessage, type Calls, type ServerMessage, type ServerReady } from './protocol.js';

export interface BenchServer {
  readonly address: Omit<ServerReady, 'type'>;
  /** Of the bench itself: its calls are not counted. */
  readonly client: Client;
  /** Calls since the start, but those of the bench. */
  calls(): Promise<Calls>;
  /** Seconds of CPU that the server has used; of the proxy, in front of a real one. */
  cpu(): number;
  stop(): Promise<void>;
}

/** `program`: the bundled server, or the proxy. */
export async function startServer(program: string, environment: Record<string, string>): Promise<BenchServer> {
  const child = fork(program, {
    env: { ...process.env, NODE_ENV: 'production', ...environment },
    execArgv: ['--max-old-space-size=6144'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const address = await answer(child, 'ready');
  const transport = transportTo(address);
  return {
    address,
    client: createClient(transport),
    calls: async () => {
      const answered = answer(child, 'calls');
      const question: BenchMessage = { type: 'calls' };
      child.send(question);
      return (await answered).calls;
    },
    cpu: () => cpuSeconds(child.pid ?? 0),
    stop: async () => {
      transport.close();
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
}

function transportTo({ url, ca, token }: Omit<ServerReady, 'type'>): Transport {
  return createTransport({
    connection: connectionTo({ server: url, token, tls: { ca } }),
    userAgent: benchUserAgent,
    maxSockets: 64,
    timeout: 120_000,
  });
}

type Message<Type extends ServerMessage['type']> = Extract<ServerMessage, { type: Type }>;

function answer<Type extends ServerMessage['type']>(child: ChildProcess, type: Type): Promise<Message<Type>> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void => reject(new Error(`the server ended with code ${code ?? 'none'}`));
    const heard = (message: ServerMessage): void => {
      if (message.type !== type) return;
      child.off('message', heard);
      child.off('exit', ended);
      resolve(message as Message<Type>);
    };
    child.on('message', heard);
    child.once('exit', ended);
  });
}
