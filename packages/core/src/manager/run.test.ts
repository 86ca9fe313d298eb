// A whole process against an API server of a few lines: it lists nothing, keeps watches open and holds one Lease.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Lease } from '@stackwright/kube';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

interface Exit {
  code: number | null;
  lines: Record<string, unknown>[];
}

/** The end of a state without objects. */
const nothing = {
  type: 'BOOKMARK',
  object: { metadata: { resourceVersion: '1', annotations: { 'k8s.io/initial-events-end': 'true' } } },
};

describe('a controller process', () => {
  let server: Server;
  const directory = mkdtempSync(join(tmpdir(), 'stackwright-run-'));
  const bundle = join(directory, 'main.mjs');
  let lease: Lease | undefined;
  /** When set, every write of the lease finds it taken. */
  let stolen: boolean;
  let child: ChildProcess | undefined;

  // Bundled as every controller is: a start takes a fraction of a second.
  beforeAll(async () => {
    await build({
      entryPoints: [fileURLToPath(new URL('../testing/sample-process.ts', import.meta.url))],
      outfile: bundle,
      bundle: true,
      platform: 'node',
      format: 'esm',
      conditions: ['@stackwright/source'],
      logLevel: 'error',
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    });
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  beforeEach(async () => {
    lease = undefined;
    stolen = false;
    server = createServer((request, response) => void answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const cluster = { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user: { token: 't' } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', namespace: 'somewhere' } }],
      'current-context': 'x',
    };
    writeFileSync(join(directory, 'config'), JSON.stringify(config));
  });
  afterEach(() => {
    child?.kill('SIGKILL');
    server.closeAllConnections();
    server.close();
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat((await request.toArray()) as Buffer[]).toString();
    const send = (code: number, value: object) =>
      response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    const { url = '', method } = request;
    if (url.includes('sendInitialEvents=true')) response.write(`${JSON.stringify(nothing)}\n`);
    else if (url.includes('watch=true')) response.writeHead(200).flushHeaders();
    else if (!url.includes('/leases'))
      send(200, { kind: 'List', apiVersion: 'v1', metadata: { resourceVersion: '1' }, items: [] });
    else if (method === 'GET') {
      if (lease) send(200, lease);
      else send(404, { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 });
    } else if (stolen && lease) {
      lease = { ...lease, spec: { ...lease.spec, holderIdentity: 'thief' } };
      send(409, { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Conflict', code: 409 });
    } else {
      lease = JSON.parse(body) as Lease;
      send(method === 'POST' ? 201 : 200, lease);
    }
  }

  /** Starts the process; `said` resolves when it logged the message, `exit` when it ended. */
  function start(env: Record<string, string> = {}) {
    const started = spawn(process.execPath, [bundle], {
      env: { KUBECONFIG: join(directory, 'config'), BIND_ADDRESS: '127.0.0.1', HTTP_PORT: '0', ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child = started;
    const lines: Record<string, unknown>[] = [];
    const waiting = new Map<string, () => void>();
    let rest = '';
    started.stdout.on('data', (chunk: Buffer) => {
      const complete = (rest + chunk.toString()).split('\n');
      rest = complete.pop() ?? '';
      for (const text of complete) {
        const line = JSON.parse(text) as Record<string, unknown>;
        lines.push(line);
        waiting.get(String(line['msg']))?.();
      }
    });
    const said = (message: string) =>
      new Promise<void>((resolve) =>
        lines.some(({ msg }) => msg === message) ? resolve() : waiting.set(message, resolve),
      );
    const exit = new Promise<Exit>((resolve) => started.on('close', (code) => resolve({ code, lines })));
    return { said, exit, stop: () => started.kill('SIGTERM') };
  }

  it('leads in the namespace of its configuration, and on SIGTERM gives the lease back and exits 0', async () => {
    const sample = start({ LEADER_ELECTION: 'true' });
    await sample.said('Controller started');
    expect(lease?.metadata).toMatchObject({ name: 'sample-controller', namespace: 'somewhere' });
    sample.stop();
    const { code, lines } = await sample.exit;
    expect(code).toBe(0);
    expect(lines.at(-1)).toMatchObject({ msg: 'Stopped', module: 'sample', level: 'info' });
    expect(lease?.spec?.holderIdentity).toBe('');
  });

  it('exits 1 when the lease is lost', async () => {
    const sample = start({ LEADER_ELECTION: 'true' });
    await sample.said('Controller started');
    stolen = true;
    const { code, lines } = await sample.exit;
    expect(code).toBe(1);
    expect(lines.at(-1)).toMatchObject({ level: 'error', err: { type: 'LeaseLostError' } });
  });

  it('exits 1 with one clear line when its environment makes no sense or no cluster is configured', async () => {
    const wrong = await start({ HTTP_PORT: 'http' }).exit;
    expect(wrong).toMatchObject({
      code: 1,
      lines: [{ level: 'error', err: { message: 'HTTP_PORT is not a port: "http"' } }],
    });
    const nowhere = await start({ KUBECONFIG: '/nowhere' }).exit;
    expect(nowhere).toMatchObject({ code: 1, lines: [{ level: 'error', err: { type: 'ConfigError' } }] });
  });
});
