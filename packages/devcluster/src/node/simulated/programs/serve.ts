import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { terminated, type ProgramContext } from '../program.js';

/** Listens at the Pod's address until the container ends; connections end with it. Rejects when the port is taken. */
export async function serve(server: Server, port: number, context: ProgramContext): Promise<void> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
  });
  const close = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  context.killed.addEventListener('abort', close, { once: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: context.ip, port }, resolve);
  });
  context.log(`simulated: listening on ${context.ip}:${port}`);
  context.serving();
  await terminated(context);
  close();
}

export function serveHttp(listener: RequestListener, port: number, context: ProgramContext): Promise<void> {
  return serve(createHttpServer(listener), port, context);
}

/** Takes connections and says nothing. */
export function serveTcp(port: number, context: ProgramContext): Promise<void> {
  return serve(createServer(), port, context);
}
