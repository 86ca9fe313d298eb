import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer, type Server, type Socket } from 'node:net';
import { terminated, type ProgramContext } from '../program.js';
import { tlsFilesOf } from './settings.js';

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

/** With TLS where the mounted configuration of uWSGI says so of this port. */
export function serveHttp(listener: RequestListener, port: number, context: ProgramContext): Promise<void> {
  const tls = tlsFilesOf(context, port);
  const server = tls
    ? createHttpsServer({ cert: readFileSync(tls.cert), key: readFileSync(tls.key) }, listener)
    : createHttpServer(listener);
  return serve(server, port, context);
}

export const ok: RequestListener = (_request, response) => response.end('ok\n');

/** An API on the first of the container's ports, which is `port` where it names none; on others, which kubelets ask, it says OK. */
export async function serveApi(api: RequestListener, port: number, context: ProgramContext): Promise<void> {
  const [first, ...others] = context.spec.ports;
  await Promise.all([
    serveHttp(api, first?.containerPort ?? port, context),
    ...others.map(({ containerPort }) => serveHttp(ok, containerPort, context)),
  ]);
}

/** Takes connections and says nothing. */
export function serveTcp(port: number, context: ProgramContext): Promise<void> {
  return serve(createServer(), port, context);
}
