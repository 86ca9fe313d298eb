// /metrics for Prometheus, /healthz and /readyz for the kubelet. The one file that knows fastify.
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { Registry } from 'prom-client';

export interface HttpServerOptions {
  host: string;
  /** 0: any that is free. */
  port: number;
  metrics: Registry;
  /** Checks by name: why it fails, or undefined when all is well. */
  healthz: () => ReadonlyMap<string, string | undefined>;
  readyz: () => ReadonlyMap<string, string | undefined>;
}

export interface RunningHttpServer {
  /** "http://127.0.0.1:8080" */
  readonly address: string;
  close(): Promise<void>;
}

export async function startHttpServer(options: HttpServerOptions): Promise<RunningHttpServer> {
  const server: FastifyInstance = Fastify({ logger: false, forceCloseConnections: true });
  server.get('/metrics', async (_request, reply) =>
    reply.type(options.metrics.contentType).send(await options.metrics.metrics()),
  );
  server.get('/healthz', (_request, reply) => answer(reply, options.healthz()));
  server.get('/readyz', (_request, reply) => answer(reply, options.readyz()));
  const address = await server.listen({ host: options.host, port: options.port });
  return { address, close: () => server.close() };
}

/** One line per check, as the API server's own endpoints have it. */
function answer(reply: FastifyReply, checks: ReadonlyMap<string, string | undefined>): FastifyReply {
  const lines = [...checks].map(([name, problem]) =>
    problem === undefined ? `[+]${name} ok` : `[-]${name} failed: ${problem}`,
  );
  const ok = [...checks.values()].every((problem) => problem === undefined);
  return reply
    .code(ok ? 200 : 503)
    .type('text/plain; charset=utf-8')
    .send(`${[...lines, ok ? 'ok' : 'failed'].join('\n')}\n`);
}
