import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parse } from 'yaml';
import { request } from 'node:https';

let directory: string;
let processes: ChildProcess[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'daemon-'));
});
afterEach(async () => {
  for (const child of processes) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
  processes = [];
  rmSync(directory, { recursive: true, force: true });
});

function launch(): ChildProcess {
  const main = new URL('./main.ts', import.meta.url).pathname;
  const options = ['--import', 'tsx', '--conditions=@stackwright/source'];
  const child = spawn(process.execPath, [...options, main, '--state-dir', directory, '--node', 'none'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  processes.push(child);
  return child;
}

/** Starts the daemon and waits until it is up. */
async function start(): Promise<ChildProcess> {
  const child = launch();
  if (!child.stdout) throw new Error('no output');
  for await (const line of createInterface({ input: child.stdout })) if (line.includes('cluster is up')) return child;
  throw new Error('the daemon did not come up');
}

interface Kubeconfig {
  clusters: { cluster: { server: string; 'certificate-authority-data': string } }[];
  users: { user: { token: string } }[];
}

function call(method: string, path: string, body?: object): Promise<{ code: number; text: string }> {
  const config = parse(readFileSync(join(directory, 'kubeconfig'), 'utf8')) as Kubeconfig;
  const cluster = config.clusters[0]?.cluster;
  const payload = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    request(
      `${cluster?.server ?? ''}${path}`,
      {
        method,
        ca: Buffer.from(cluster?.['certificate-authority-data'] ?? '', 'base64'),
        agent: false,
        headers: { authorization: `Bearer ${config.users[0]?.user.token ?? ''}`, 'content-type': 'application/json' },
      },
      (response) => {
        let text = '';
        response
          .on('data', (chunk: Buffer) => (text += chunk.toString()))
          .on('end', () => resolve({ code: response.statusCode ?? 0, text }));
      },
    )
      .on('error', reject)
      .end(payload);
  });
}

const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';

it('killed at any moment, it comes back with everything, where it was', { timeout: 60_000 }, async () => {
  const first = await start();
  expect(statSync(join(directory, 'kubeconfig')).mode & 0o077).toBe(0);
  const kubeconfig = readFileSync(join(directory, 'kubeconfig'), 'utf8');
  const created = await call('POST', CONFIGMAPS, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'kept' },
    data: { a: '1' },
  });
  expect(created.code).toBe(201);
  first.kill('SIGKILL');
  await once(first, 'exit');

  const second = await start();
  expect(readFileSync(join(directory, 'kubeconfig'), 'utf8')).toBe(kubeconfig);
  const found = await call('GET', `${CONFIGMAPS}/kept`);
  expect(JSON.parse(found.text)).toEqual(JSON.parse(created.text));
  second.kill('SIGTERM');
  expect(await once(second, 'exit')).toEqual([0, null]);
  expect(existsSync(join(directory, 'pid'))).toBe(false);
});

it('does not start twice on one state', { timeout: 60_000 }, async () => {
  await start();
  const other = launch();
  let words = '';
  other.stderr?.on('data', (chunk: Buffer) => (words += chunk.toString()));
  expect(await once(other, 'exit')).toEqual([1, null]);
  expect(words).toContain('runs this cluster already');
});
