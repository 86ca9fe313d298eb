// exec, attach, port-forward and logs, as the real kubectl sees them: it is the strictest client that there is. The node
// is simulated, and its containers do what the test says.
import { execFile, execFileSync, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Pod } from '@stackwright/kube';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { startDevcluster, type Devcluster } from '../../cluster.js';
import { terminated } from '../../node/simulated/program.js';
import type { InteractiveSession } from '../../node/simulated/script.js';
import type { AuditEvent } from '../audit.js';
import { startApiServer, type NodeProxy } from '../index.js';

const installed = ((): boolean => {
  try {
    execFileSync('kubectl', ['version', '--client'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();
if (!installed) process.stderr.write('kubectl is not on the PATH: its exec and port-forward are not tested\n');

interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

let cluster: Devcluster;
let home: string;
let say: (line: string) => void;
const sessions: InteractiveSession[] = [];
const audit: AuditEvent[] = [];

/** What the container's commands are. */
async function shell(session: InteractiveSession): Promise<number> {
  sessions.push(session);
  const { command, stdin, stdout, stderr } = session;
  switch (command[0]) {
    case 'cat':
      stdout.write(await text(stdin));
      return 0;
    case 'fail':
      stdout.write('out\n');
      stderr.write('err\n');
      return 3;
    case 'much':
      for (let left = 100; left > 0; left -= 1)
        if (!stdout.write(Buffer.alloc(100_000, 'x'))) await once(stdout, 'drain');
      return 0;
    case 'forever':
      await new Promise((resolve) => session.hungUp.addEventListener('abort', resolve));
      return 137;
    default:
      throw new Error(`exec: "${command[0] ?? ''}": executable file not found in $PATH`);
  }
}

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'kubectl-'));
  cluster = await startDevcluster({ tls: true });
  cluster.server.onAudit((event) => audit.push(event));
  writeFileSync(join(home, 'config'), cluster.kubeconfig, { mode: 0o600 });
  const { simulated, client } = cluster;
  simulated?.script.when({ pod: 'web' }, { interactive: shell });
  simulated?.script.when(
    { pod: 'talker' },
    { interactive: shell, program: async (context) => ((say = context.log), await terminated(context), 0) },
  );
  const pod = (name: string, ports: { containerPort: number }[], extra: object = {}): Promise<unknown> =>
    client.create(Pod, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default' },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [{ name: 'main', image: 'example/web:1', ports }],
        ...extra,
      },
    });
  await pod('web', [{ containerPort: 8080 }]);
  await pod('talker', [{ containerPort: 8080 }]);
  await pod('done', [], { restartPolicy: 'Never' });
  const phase = async (name: string): Promise<string | undefined> =>
    (await client.get(Pod, { namespace: 'default', name })).status?.phase;
  await vi.waitFor(
    async () => {
      expect(await Promise.all(['web', 'talker', 'done'].map(phase))).toEqual(['Running', 'Running', 'Succeeded']);
    },
    { timeout: 20_000 },
  );
});
afterAll(async () => {
  await cluster.stop();
  rmSync(home, { recursive: true, force: true });
});

const environment = (extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'] ?? '',
  HOME: home,
  KUBECONFIG: join(home, 'config'),
  ...extra,
});

function kubectl(args: readonly string[], { input, env }: { input?: string; env?: NodeJS.ProcessEnv } = {}) {
  return new Promise<Result>((resolve) => {
    const child = execFile(
      'kubectl',
      args,
      { env: environment(env), maxBuffer: 100_000_000 },
      (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, stdout, stderr }),
    );
    child.stdin?.on('error', () => undefined).end(input);
  });
}

function start(...args: readonly string[]): { child: ChildProcessWithoutNullStreams; output: () => string } {
  const child = spawn('kubectl', args, { env: environment() });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return { child, output: () => output };
}

async function end(child: ChildProcessWithoutNullStreams): Promise<void> {
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;
}

describe.skipIf(!installed)('kubectl', { timeout: 60_000 }, () => {
  // WebSockets are what it tries first; what it falls back to is what older ones begin with.
  const transports = [
    ['WebSockets', {}],
    ['SPDY', { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' }],
  ] as const;

  describe.each(transports)('over %s', (_name, env) => {
    it('runs a command: its input, both outputs, and how it ended', async () => {
      const [cat, failed, missing] = await Promise.all([
        kubectl(['exec', '-i', 'web', '--', 'cat'], { input: 'hello\n', env }),
        kubectl(['exec', 'web', '-c', 'main', '--', 'fail'], { env }),
        kubectl(['exec', 'web', '--', 'nope'], { env }),
      ]);
      expect(cat).toEqual({ code: 0, stdout: 'hello\n', stderr: '' });
      expect(failed).toEqual({ code: 3, stdout: 'out\n', stderr: 'err\ncommand terminated with exit code 3\n' });
      expect(missing.code).toBe(1);
      expect(missing.stderr).toBe(
        'error: Internal error occurred: error executing command in container: exec: "nope": executable file not found in $PATH\n',
      );
    });

    it('loses nothing of much output', async () => {
      const { stdout, code } = await kubectl(['exec', 'web', '--', 'much'], { env });
      expect({ code, length: stdout.length }).toEqual({ code: 0, length: 10_000_000 });
    });

    it('forwards a port, for several connections and whatever goes wrong with one', async () => {
      const child = spawn('kubectl', ['port-forward', 'web', ':8080'], { env: environment(env) });
      let output = '';
      child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
      await expect.poll(() => output, { timeout: 20_000 }).toMatch(/127\.0\.0\.1:\d+ -> 8080/);
      const url = `http://127.0.0.1:${/127\.0\.0\.1:(\d+)/.exec(output)?.[1] ?? ''}/`;
      const answers = await Promise.all([fetch(url), fetch(url), fetch(url)]);
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
      const half = connect({ port: Number(new URL(url).port), host: '127.0.0.1', allowHalfOpen: true });
      half.end('GET / HTTP/1.0\r\n\r\n');
      expect(await text(half)).toContain('200 OK');
      await end(child);
    });
  });

  it('ends what it ran when it is killed itself', async () => {
    const before = sessions.length;
    const { child } = start('exec', 'web', '--', 'forever');
    await expect.poll(() => sessions.length, { timeout: 20_000 }).toBe(before + 1);
    await end(child);
    await expect.poll(() => sessions.at(-1)?.hungUp.aborted).toBe(true);
  });

  it('is told what cannot be', async () => {
    const [completed, container, port] = await Promise.all([
      kubectl(['exec', 'done', '--', 'true']),
      kubectl(['exec', 'web', '-c', 'other', '--', 'true']),
      kubectl(['port-forward', 'done', ':80']),
    ]);
    expect(completed.stderr).toContain('cannot exec into a container in a completed pod');
    expect(container.stderr).toContain('container other is not valid for pod web');
    expect(port.stderr).toContain('pod is not running');
  });

  it('follows logs until the container ends, and attaches to what it prints', async () => {
    say('before');
    const follower = start('logs', '-f', 'talker', '--tail=1');
    const attached = start('attach', 'talker');
    await expect.poll(follower.output, { timeout: 20_000 }).toBe('before\n');
    const connected = (): boolean => audit.some(({ subresource, code }) => subresource === 'attach' && code === 101);
    await expect.poll(connected, { timeout: 20_000 }).toBe(true);
    // The node attaches a little after the connection is there.
    await expect
      .poll(() => {
        say('again');
        return attached.output();
      })
      .toContain('again\n');
    say('last');
    cluster.simulated?.crash({ pod: 'talker' });
    await Promise.all([once(follower.child, 'close'), once(attached.child, 'close')]);
    expect(follower.output()).toMatch(/^before\n(again\n)+last\n$/);
    expect(attached.output()).toMatch(/again\nlast\n$/);
    expect(attached.output()).not.toContain('before');
    await expect
      .poll(async () => (await kubectl(['logs', 'talker', '--previous', '--tail=1'])).stdout, { timeout: 20_000 })
      .toBe('last\n');
  });
});

describe.skipIf(!installed)('kubectl debug', { timeout: 60_000 }, () => {
  it('adds a container to a Pod that runs, once, and nothing else changes', async () => {
    cluster.simulated?.script.when({ pod: 'web', container: 'tool' }, { exitCode: 5, logs: ['debugged'] });
    expect(
      await kubectl(['debug', 'web', '--image=example/tool:1', '--container=tool', '--target=main', '--', 'look']),
    ).toMatchObject({ code: 0 });
    const pod = (): Promise<Pod> => cluster.client.get(Pod, { namespace: 'default', name: 'web' });
    await expect
      .poll(async () => (await pod()).status?.ephemeralContainerStatuses, { timeout: 20_000 })
      .toMatchObject([{ name: 'tool', restartCount: 0, ready: false, state: { terminated: { exitCode: 5 } } }]);
    expect((await kubectl(['logs', 'web', '-c', 'tool'])).stdout).toBe('debugged\n');
    const { spec, status } = await pod();
    expect(spec?.ephemeralContainers).toMatchObject([
      { name: 'tool', command: ['look'], targetContainerName: 'main', terminationMessagePolicy: 'File' },
    ]);
    expect(status).toMatchObject({ phase: 'Running', containerStatuses: [{ restartCount: 0, ready: true }] });
    const again = await kubectl(['debug', 'web', '--image=example/other:1', '--container=main', '--', 'look']);
    expect(again.stderr).toMatch(/spec.ephemeralContainers\[1\].name: Duplicate value: "main"/);
    const patch = '{"spec":{"ephemeralContainers":[{"name":"tool","image":"example/other:1"}]}}';
    expect((await kubectl(['patch', 'pod', 'web', '-p', patch])).stderr).toContain('pod updates may not change fields');
  });
});

describe('a client of its own', () => {
  const url = (path: string): string => `${cluster.url.replace(/^http/, 'ws')}/api/v1/namespaces/default/pods/${path}`;
  const open = (path: string, protocol: string, token = tokenOf(cluster.kubeconfig)): WebSocket =>
    new WebSocket(url(path), protocol, { headers: { authorization: `Bearer ${token}` }, rejectUnauthorized: false });
  const tokenOf = (kubeconfig: string): string => /token: (\S+)/.exec(kubeconfig)?.[1] ?? '';

  it('speaks v4, and tells of its terminal', async () => {
    const socket = open('web/exec?command=forever&tty=true&stdin=true&stdout=true', 'v4.channel.k8s.io');
    const before = sessions.length;
    await once(socket, 'open');
    socket.send(Buffer.concat([Buffer.from([4]), Buffer.from('{"Width":120,"Height":40}')]));
    await expect.poll(() => sessions[before]?.size()).toEqual({ columns: 120, rows: 40 });
    socket.send(Buffer.concat([Buffer.from([4]), Buffer.from('{"Width":80,"Height":24}')]));
    await expect.poll(() => sessions[before]?.size()).toEqual({ columns: 80, rows: 24 });
    socket.terminate();
    await expect.poll(() => sessions[before]?.hungUp.aborted).toBe(true);
  });

  it('ends its input once, whatever it sends after that', async () => {
    const socket = open('web/exec?command=cat&stdin=true&stdout=true', 'v5.channel.k8s.io');
    const received: Buffer[] = [];
    socket.on('message', (message: Buffer) => received.push(message));
    await once(socket, 'open');
    // In one piece, so that nobody has noticed the end when the rest comes.
    const frames = ['00' + Buffer.from('all').toString('hex'), 'ff00', '006d6f7265', 'ff00'];
    const connection = (socket as unknown as { _socket: Socket })._socket;
    connection.cork();
    for (const frame of frames) socket.send(Buffer.from(frame, 'hex'));
    connection.uncork();
    await once(socket, 'close');
    expect(received.find(([channel]) => channel === 1)?.toString('utf8', 1)).toBe('all');
    expect(received.find(([channel]) => channel === 3)?.toString('utf8', 1)).toContain('Success');
  });

  it('forwards a port by channels', async () => {
    const socket = open('web/portforward?ports=8080', 'v4.channel.k8s.io');
    const received = new Map<number, Buffer>();
    socket.on('message', (message: Buffer) => {
      const channel = message[0] ?? -1;
      received.set(channel, Buffer.concat([received.get(channel) ?? Buffer.alloc(0), message.subarray(1)]));
    });
    await once(socket, 'open');
    socket.send(Buffer.concat([Buffer.from([0]), Buffer.from('GET / HTTP/1.0\r\n\r\n')]));
    await expect.poll(() => received.get(0)?.toString('latin1')).toContain('200 OK');
    expect(received.get(0)?.readUInt16LE(0)).toBe(8080);
    expect(received.get(1)?.readUInt16LE(0)).toBe(8080);
    socket.close();
  });

  it('needs to be allowed to get and to create what it connects to, and to switch protocols', async () => {
    const refused: Record<string, string> = { exec: 'create', portforward: 'get' };
    const server = await startApiServer({
      authorizer: {
        authorize: ({ verb, resource }) =>
          resource?.subresource && refused[resource.subresource] === verb
            ? { allowed: false, reason: 'not today' }
            : { allowed: true },
      },
    });
    const answer = async (path: string): Promise<unknown> => {
      const headers = { authorization: `Bearer ${tokenOf(server.kubeconfig)}` };
      return (await fetch(`${server.url}/api/v1/namespaces/default/pods/web/${path}`, { headers })).json();
    };
    expect(await answer('exec?command=ls&stdout=true')).toMatchObject({
      code: 403,
      message: expect.stringContaining(
        'cannot create resource "pods/exec" in API group "" in the namespace "default"',
      ) as string,
    });
    expect(await answer('portforward?ports=80')).toMatchObject({
      code: 403,
      message: expect.stringContaining('cannot get resource "pods/portforward"') as string,
    });
    await server.client().create(Pod, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web', namespace: 'default' },
      spec: { nodeName: 'n', containers: [{ name: 'main', image: 'i' }] },
    });
    server.setNodeProxy({} as NodeProxy);
    expect(await answer('attach?stdout=true')).toMatchObject({ code: 400, message: 'Upgrade request required' });
    await server.stop();
  });

  it('is refused as over HTTP', async () => {
    const status = async (socket: WebSocket): Promise<number | undefined> => {
      const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode?: number }];
      socket.on('error', () => undefined).terminate();
      return response.statusCode;
    };
    expect(await status(open('web/exec?command=cat&stdout=true', 'v5.channel.k8s.io', 'wrong'))).toBe(401);
    expect(await status(open('gone/exec?command=cat&stdout=true', 'v5.channel.k8s.io'))).toBe(404);
    expect(await status(open('web/exec?stdout=true', 'v5.channel.k8s.io'))).toBe(400);
    expect(await status(open('web/exec?command=cat&stdout=true', 'v9.channel.k8s.io'))).toBe(400);
    expect(await status(open('web/exec?command=cat', 'v5.channel.k8s.io'))).toBe(400);
    expect(audit.filter(({ subresource, code }) => subresource === 'exec' && code === 404)).toMatchObject([
      { verb: 'get', resource: 'pods', name: 'gone', user: 'kubernetes-admin' },
    ]);
  });
});
