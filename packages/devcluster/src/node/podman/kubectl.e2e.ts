// The real kubectl against real containers; part of `npm run e2e`. Needs root and the image `base`.
import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pod } from '@stackwright/kube';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startDevcluster, teardownPodman, type Devcluster } from '../../cluster.js';
import { runCommand } from './command.js';

const IMAGE = 'localhost/stackwright/base:trixie';

/** Greets on the Pod's loopback address only, and echoes the rest until the client has ended. */
const GREETER = `
use IO::Socket::INET;
my $server = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 9000, Listen => 9, ReuseAddr => 1) or die $!;
while (my $client = $server->accept) {
  if (fork == 0) { print $client "hello\\n"; $client->flush; local $/; my $all = <$client>; print $client "got $all"; exit }
}`;

interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

const installed = spawnSync('kubectl', ['version', '--client'], { stdio: 'ignore' }).status === 0;
if (!installed) process.stderr.write('kubectl is not on the PATH: exec and port-forward are not tested\n');

describe.skipIf(!installed)('kubectl and containers', { timeout: 120_000 }, () => {
  let home: string;
  let state: string;
  let cluster: Devcluster;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'kubectl-live-'));
    state = join(home, 'state');
    cluster = await startDevcluster({ node: 'podman', stateDirectory: state });
    await writeFile(join(home, 'config'), cluster.kubeconfig, { mode: 0o600 });
    await create('web', ['perl', '-e', GREETER]);
    await running('web');
  }, 120_000);

  afterAll(async () => {
    await cluster.stop();
    // podman's API, and helpers in the networks of Pods: both may outlive their last user for a while, but not us.
    const ours = await Promise.all([processesOf('/stackwright-podman-'), processesOf("require('node:net')")]);
    await teardownPodman(state);
    expect([...ours, await processesOf(home)]).toEqual([[], [], []]);
    await rm(home, { recursive: true, force: true });
  }, 120_000);

  /** Command lines that have this in them. */
  async function processesOf(text: string): Promise<string[]> {
    const commands = await Promise.all(
      (await readdir('/proc')).map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
    );
    return commands.filter((command) => command.includes(text));
  }

  const create = (name: string, command: readonly string[], container: object = {}): Promise<unknown> =>
    cluster.client.create(Pod, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default' },
      spec: {
        restartPolicy: 'Never',
        terminationGracePeriodSeconds: 0,
        containers: [{ name: 'main', image: IMAGE, command: [...command], ...container }],
      },
    });
  const running = (name: string): Promise<void> =>
    vi.waitFor(
      async () => {
        const { status } = await cluster.client.get(Pod, { namespace: 'default', name });
        expect(status?.phase).toBe('Running');
      },
      { timeout: 60_000 },
    );

  const environment = (): NodeJS.ProcessEnv => ({
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    KUBECONFIG: join(home, 'config'),
  });
  function kubectl(args: readonly string[], input?: string): Promise<Result> {
    return new Promise((resolve) => {
      const child = execFile('kubectl', args, { env: environment(), maxBuffer: 200_000_000 }, (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, stdout, stderr }),
      );
      child.stdin?.on('error', () => undefined).end(input);
    });
  }
  /** On a terminal of its own. */
  function onTerminal(command: string): { child: ChildProcess; output: () => string } {
    const child = spawn('script', ['-qec', command, '/dev/null'], { env: environment(), stdio: 'pipe' });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    return { child, output: () => output };
  }
  const processes = async (): Promise<string> =>
    (await kubectl(['exec', 'web', '--', 'sh', '-c', 'cat /proc/[0-9]*/cmdline | tr "\\0" " "'])).stdout;

  it('runs commands: input, outputs, how they ended', async () => {
    const script = 'read line; echo "got $line"; cat | wc -c; echo oh >&2; exit 7';
    expect(await kubectl(['exec', '-i', 'web', '--', 'sh', '-c', script], `first\n${'x'.repeat(3_000_000)}`)).toEqual({
      code: 7,
      stdout: 'got first\n3000000\n',
      stderr: 'oh\ncommand terminated with exit code 7\n',
    });
    const { stdout } = await kubectl(['exec', 'web', '--', 'sh', '-c', 'head -c 50000000 /dev/zero | tr "\\0" x']);
    expect(stdout.length).toBe(50_000_000);
    const missing = await kubectl(['exec', 'web', '--', 'no-such-command']);
    expect(missing.code).toBe(1);
    expect(missing.stderr).toMatch(
      /^error: Internal error occurred: error executing command in container: failed to start exec: .*"no-such-command": executable file not found in \$PATH/,
    );
  });

  it('gives commands a terminal of the size of ours', async () => {
    const { child, output } = onTerminal(
      'stty rows 31 cols 97; kubectl exec -it web -- bash -c "tty; stty size; trap \'stty size\' WINCH; echo ready; read line; echo \\$line"',
    );
    await expect.poll(output, { timeout: 30_000 }).toContain('ready');
    expect(output()).toMatch(/\/dev\/pts\/\d+\r\n31 97\r\nready/);
    child.stdin?.write('typed\r');
    await once(child, 'close');
    expect(output()).toContain('typed\r\ntyped');
  });

  it('ends what nobody talks to any more', async () => {
    const plain = spawn('kubectl', ['exec', 'web', '--', 'sh', '-c', 'sleep 4343; true'], { env: environment() });
    const terminal = onTerminal('kubectl exec -it web -- sleep 4344');
    await expect.poll(processes, { timeout: 30_000 }).toMatch(/(?=.*sleep 4343)(?=.*sleep 4344)/s);
    for (const child of [plain, terminal.child]) {
      const closed = once(child, 'close');
      child.kill('SIGKILL');
      await closed;
    }
    await expect.poll(processes, { timeout: 30_000 }).not.toMatch(/sleep 434/);
    const conmons = async (): Promise<number> =>
      (await processesOf('--exec-attach')).filter((command) => command.includes('conmon')).length;
    await expect.poll(conmons, { timeout: 30_000 }).toBe(0);
  });

  it('copies files both ways', async () => {
    const [out, back] = [join(home, 'out'), join(home, 'back')];
    await runCommand('sh', ['-c', `head -c 20000000 /dev/urandom > ${out}`]);
    expect(await kubectl(['cp', out, 'web:/tmp/copy'])).toMatchObject({ code: 0 });
    expect(await kubectl(['cp', 'web:/tmp/copy', back])).toMatchObject({ code: 0 });
    await runCommand('cmp', [out, back]);
  });

  it('forwards a port that is served on the loopback address of the Pod', async () => {
    const child = spawn('kubectl', ['port-forward', 'web', ':9000'], { env: environment() });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await expect.poll(() => output, { timeout: 30_000 }).toMatch(/127\.0\.0\.1:\d+ -> 9000/);
    const port = Number(/127\.0\.0\.1:(\d+)/.exec(output)?.[1]);
    const talk = async (text: string): Promise<string> => {
      const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
      let answer = '';
      socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
      // The server speaks first, and again when we have ended.
      await expect.poll(() => answer, { timeout: 30_000 }).toBe('hello\n');
      socket.end(text);
      await once(socket, 'end');
      return answer;
    };
    const much = 'y'.repeat(2_000_000);
    expect(await Promise.all([talk('one'), talk('two'), talk(much)])).toEqual([
      'hello\ngot one',
      'hello\ngot two',
      `hello\ngot ${much}`,
    ]);
    const closed = once(child, 'close');
    child.kill('SIGKILL');
    await closed;

    const nobody = spawn('kubectl', ['port-forward', 'web', '0:9001'], { env: environment() });
    let complaints = '';
    for (const stream of [nobody.stdout, nobody.stderr])
      stream.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
    await expect.poll(() => complaints, { timeout: 30_000 }).toMatch(/127\.0\.0\.1:\d+ -> 9001/);
    connect(Number(/127\.0\.0\.1:(\d+)/.exec(complaints)?.[1]), '127.0.0.1').on('error', () => undefined);
    await once(nobody, 'close');
    expect(complaints).toMatch(/error forwarding port 9001 to pod web, uid .*ECONNREFUSED 127\.0\.0\.1:9001/);
  });

  it('follows logs to their end, line by line and not one too many', async () => {
    const script = 'for i in $(seq 1 2000); do echo "line $i"; [ $((i % 500)) -ne 0 ] || sleep 0.3; done; exit 3';
    await create('counter', ['bash', '-c', script]);
    const lines = Array.from({ length: 2000 }, (_, index) => `line ${index + 1}\n`).join('');
    await vi.waitFor(async () => expect((await kubectl(['logs', 'counter'])).stdout).toContain('line 1\n'), {
      timeout: 30_000,
    });
    const [all, again, stamped] = await Promise.all([
      kubectl(['logs', '-f', 'counter']),
      kubectl(['logs', '-f', 'counter', '--since=1h']),
      kubectl(['logs', '-f', 'counter', '--timestamps']),
    ]);
    expect(all).toEqual({ code: 0, stdout: lines, stderr: '' });
    expect(again.stdout).toBe(lines);
    expect(stamped.stdout.replaceAll(/^\S+Z /gm, '')).toBe(lines);
    expect((await kubectl(['logs', 'counter', '--tail=2'])).stdout).toBe('line 1999\nline 2000\n');
    const since = stamped.stdout.split('\n').at(-2)?.split(' ')[0] ?? '';
    expect((await kubectl(['logs', 'counter', `--since-time=${since}`])).stdout).toMatch(/line 2000\n$/);
  });

  it('debugs a container by the processes that it runs', async () => {
    const script = 'tr "\\0" " " < /proc/1/cmdline; read line; echo "got $line"';
    const { child, output } = onTerminal(
      `kubectl debug -it web --image=${IMAGE} --image-pull-policy=Never --target=main -- bash -c '${script}; exit 0'`,
    );
    child.stdin?.write('typed\r');
    await once(child, 'close');
    expect(output()).toContain('got typed');
    expect((await kubectl(['logs', 'web', '-c', await debuggersName(), '--tail=20'])).stdout).toContain('perl -e');
  });

  async function debuggersName(): Promise<string> {
    const { spec } = await cluster.client.get(Pod, { namespace: 'default', name: 'web' });
    return spec?.ephemeralContainers?.[0]?.name ?? '';
  }

  it('runs a Pod to talk to, and lets go of it', async () => {
    const { child, output } = onTerminal(
      `kubectl run talker -it --rm --image=${IMAGE} --image-pull-policy=Never -- bash`,
    );
    await expect.poll(output, { timeout: 60_000 }).toMatch(/[#$] $/);
    child.stdin?.write('echo $((6 * 7)); exit\r');
    await once(child, 'close');
    expect(output()).toContain('42\r\n');
    expect(output()).toContain('pod "talker" deleted');
  });
});
