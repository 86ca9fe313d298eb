// The command line as a user runs it, with --simulated: processes, bundles and a state directory, but neither root nor containers.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const root = resolve(import.meta.dirname, '../../..');
const directory = mkdtempSync(join(tmpdir(), 'stackwright-'));
const stateDir = join(directory, 'state');

interface Output {
  code: number;
  stdout: string;
  stderr: string;
}

const node = (...args: string[]): Promise<Output> =>
  new Promise((done) => {
    const env = { ...process.env, KUBECONFIG: '', NO_COLOR: '1' };
    const child = execFile(process.execPath, args, { cwd: root, env, encoding: 'utf8' }, (_error, stdout, stderr) => {
      done({ code: child.exitCode ?? -1, stdout, stderr });
    });
  });
const stackwright = (...args: string[]) => node('packages/cli/bin/stackwright.mjs', '--state-dir', stateDir, ...args);

describe('stackwright --simulated', () => {
  beforeAll(async () => {
    const processes = ['cli', 'coordinator', 'devcluster', 'keystone', 'mariadb', 'memcached'];
    for (const name of processes) {
      const { code, stderr } = await node('tools/workspace/bundle.mjs', `packages/${name}`, '--main-only');
      expect(code, stderr).toBe(0);
    }
  });
  afterAll(async () => {
    await stackwright('down', '--purge');
    rmSync(directory, { recursive: true });
  });

  it('up says what it waits for, how long each stage took, and ends with a token that it calls worthless', async () => {
    const { code, stdout, stderr } = await stackwright('up', '--simulated', '--services', 'keystone');
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/Catalog:\n {2}identity +keystone +http/);
    expect(stdout).toMatch(/The simulated Keystone issued a token \(worth nothing\):\n {2}token {6}simulated-/);
    expect(stderr).toMatch(/^\d\d:\d\d:\d\d keystone: WaitingForClaim: /m);
    expect(stderr).toMatch(/Time of each stage:\n {2}Embedded cluster +\d/);
  });

  it('status and why say that all is well', async () => {
    const status = await stackwright('status', '-o', 'json');
    expect(status.code, status.stderr).toBe(0);
    expect(JSON.parse(status.stdout)).toMatchObject({
      ready: true,
      controlPlane: { name: 'openstack', release: '2025.1' },
    });
    expect((await stackwright('why', 'keystone')).stdout).toMatch(/^Keystone keystone is ready/);
  });

  it('why names the services there are when it is asked for another', async () => {
    const missing = await stackwright('why', 'nova');
    expect(missing).toMatchObject({ code: 1, stdout: '' });
    expect(missing.stderr).toMatch(/Services there: .*keystone/);
  });

  it('env prints where things are, and no password', async () => {
    const { code, stdout } = await stackwright('env');
    expect(code).toBe(0);
    expect(stdout).toContain(`export KUBECONFIG='${stateDir}/kubeconfig'`);
    expect(stdout).not.toContain(
      (JSON.parse(readFileSync(join(stateDir, 'clouds.yaml'), 'utf8')) as Clouds).clouds['openstack']?.auth.password,
    );
  });

  it('up again changes nothing, and refuses to make a simulated cluster real', async () => {
    const audit = () => readFileSync(join(stateDir, 'audit.log'), 'utf8').split('\n');
    const before = audit().length;
    expect((await stackwright('up', '--simulated', '--services', 'keystone')).code).toBe(0);
    const changes = audit()
      .slice(before)
      .filter((line) => line.includes('"changed":true') && line.includes('stackwright-cli'));
    expect(changes).toEqual([]);
    expect((await stackwright('up')).stderr).toContain('was made with --simulated');
  });

  it('the client of OpenStack is not pretended', async () => {
    const { code, stderr } = await stackwright('openstack', '--', 'token', 'issue');
    expect(code).toBe(1);
    expect(stderr).toContain('This cluster is simulated');
  });

  it('services that cannot be brought up are told before anything is started', async () => {
    await stackwright('down', '--purge');
    const lacking = await stackwright('up', '--simulated', '--services', 'glance');
    expect(lacking.code).toBe(1);
    expect(lacking.stderr).toContain('glance needs identity, which keystone provides: add keystone to --services.');
    const unknown = await stackwright('up', '--simulated', '--services', 'keystone,glanse');
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toMatch(/There is no service "glanse"\.\n.*Did you mean glance\?/);
    expect(existsSync(join(stateDir, 'pid'))).toBe(false);
  });

  it('time-outs end with the reason and exit code 3', async () => {
    await stackwright('down', '--purge');
    const { code, stderr } = await stackwright('up', '--simulated', '--services', 'keystone', '--timeout', '1s');
    expect(code).toBe(3);
    expect(stderr).toContain('Not ready after 1.0 s.');
  });

  it('down --purge leaves nothing behind', async () => {
    // A process that has just been started writes it down in a moment.
    const pid = await vi.waitFor(() => readFileSync(join(stateDir, 'pid'), 'utf8').trim(), { timeout: 30_000 });
    expect((await stackwright('down', '--purge')).code).toBe(0);
    expect(existsSync(stateDir)).toBe(false);
    expect(commandOf(pid)).not.toContain(stateDir);
  });
});

/** Empty when the process has ended. */
function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

interface Clouds {
  clouds: Record<string, { auth: { password: string } }>;
}
