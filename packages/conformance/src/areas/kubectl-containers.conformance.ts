import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { bench } from '../support/bench.js';
import { kubectlIn } from '../support/kubectl.js';
import { pod, server } from '../support/objects.js';
import { missing } from '../support/target.js';

const api = bench('kubectl-exec', { needs: ['kubectl', 'containers'] });
const kubectl = kubectlIn(api.namespace);
const { run } = kubectl;

const shell = (script: string): string[] => ['exec', 'box', '--', 'sh', '-c', script];

beforeAll(async () => {
  if (missing(['rights', 'kubectl', 'containers']) !== undefined) return;
  const ticking = {
    command: ['sh', '-c', 'echo begin; n=0; while [ $n -lt 600 ]; do n=$((n+1)); echo tick $n; sleep 1; done'],
    ports: [],
  };
  const two = {
    nodeSelector: {},
    terminationGracePeriodSeconds: 1,
    containers: [server(), server({ name: 'side', ...ticking })],
  };
  await run('apply', '-f', kubectl.file(pod('box', two)));
  await run('wait', 'pod/box', '--for=condition=Ready', '--timeout=120s');
});

describe('kubectl exec', () => {
  it('runs a command, and passes output and errors apart', async () => {
    const { code, stdout, stderr } = await kubectl.try(shell('echo out; echo err >&2'));
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'out\n' });
    expect(stderr).toContain('err\n');
  });

  it('passes the exit code', async () => {
    const { code, stderr } = await kubectl.try(shell('exit 7'));
    expect(code).toBe(7);
    expect(stderr).toContain('command terminated with exit code 7');
  });

  it('passes standard input, and its end', async () => {
    const { stdout } = await kubectl.try(['exec', '-i', 'box', '--', 'sh', '-c', 'cat; echo end'], {
      stdin: 'hello\n',
    });
    expect(stdout).toBe('hello\nend\n');
  });

  it('passes a megabyte unchanged', async () => {
    const stdin = 'x'.repeat(1024 * 1024);
    const { stdout } = await kubectl.try(['exec', '-i', 'box', '--', 'cat'], { stdin });
    expect(stdout === stdin).toBe(true);
  });

  it('reaches each container', async () => {
    expect(await run('exec', 'box', '-c', 'side', '--', 'sh', '-c', 'echo side')).toBe('side\n');
    expect(await kubectl.refused('exec', 'box', '-c', 'none', '--', 'true')).toContain(
      'container none is not valid for pod box',
    );
  });

  it('says so when there is no such program', async () => {
    expect((await kubectl.try(['exec', 'box', '--', 'conjure'])).code).not.toBe(0);
  });
});

describe('kubectl', () => {
  it('logs -f goes on telling', async () => {
    const logs = kubectl.start('logs', '-f', 'box', '-c', 'side', '--since=1h');
    const [, first = '1'] = /tick (\d+)\n/.exec(await logs.says(/tick \d+\n/)) ?? [];
    await logs.says(new RegExp(`tick ${Number(first) + 2}\\n`));
    await logs.stop();
  });

  it('cp copies there and back', async () => {
    const path = kubectl.text('copied\n');
    await run('cp', path, 'box:/tmp/copied', '-c', 'main');
    expect(await run(...shell('cat /tmp/copied'))).toBe('copied\n');
    const back = kubectl.text('');
    await run('cp', 'box:/tmp/copied', back, '-c', 'main');
    expect(readFileSync(back, 'utf8')).toBe('copied\n');
  });

  it('attach shows what a container prints', async () => {
    const attached = kubectl.start('attach', 'box', '-c', 'side');
    await attached.says(/tick \d+\n/);
    await attached.stop();
  });

  it('port-forward carries what the program in the Pod says', async () => {
    const forward = kubectl.start('port-forward', 'pod/box', ':8080');
    const [, port = ''] = /127\.0\.0\.1:(\d+) -> 8080/.exec(await forward.says(/127\.0\.0\.1:\d+ -> 8080/)) ?? [];
    for (let round = 0; round < 3; round += 1) expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
    await forward.stop();
  });
});
