import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SandboxSpec } from '../runtime.js';
import { SandboxStore, type StoredSandbox } from './sandbox-store.js';

const sandbox: StoredSandbox = { podUid: 'u', ip: '10.201.0.7', hostname: 'web-0', hostNetwork: false, hasDns: true };
const spec: SandboxSpec = {
  podUid: 'u',
  namespace: 'default',
  podName: 'web-0',
  hostname: 'web-0',
  hostNetwork: false,
  dns: { nameserver: '10.201.128.10', searches: ['default.svc.cluster.local', 'cluster.local'], options: ['ndots:5'] },
  hostAliases: [{ ip: '192.0.2.1', hostnames: ['a', 'b'] }],
};

describe('sandboxes on disk', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sandboxes-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('are found again by the next process', async () => {
    await new SandboxStore(directory).save(sandbox, spec);
    const store = new SandboxStore(directory);
    expect(await store.load()).toEqual([sandbox]);
    await store.remove('u');
    expect(await store.load()).toEqual([]);
  });

  it('are not there when their record is not', async () => {
    const store = new SandboxStore(directory);
    await store.save(sandbox, spec);
    await rm(join(directory, 'u', 'sandbox.json'));
    await writeFile(join(directory, 'u', 'sandbox.json.new'), '{"half"');
    expect(await store.load()).toEqual([]);
  });

  it("hold the files that the Pod's containers share", async () => {
    const store = new SandboxStore(directory);
    await store.save(sandbox, spec);
    const files = store.files(sandbox);
    expect(files.map(({ containerPath }) => containerPath)).toEqual(['/etc/hosts', '/etc/resolv.conf']);
    const [hosts, resolv] = await Promise.all(files.map(({ hostPath }) => readFile(hostPath, 'utf8')));
    expect(hosts).toContain('\n10.201.0.7 web-0\n192.0.2.1 a b\n');
    expect(resolv).toBe('nameserver 10.201.128.10\nsearch default.svc.cluster.local cluster.local\noptions ndots:5\n');
  });

  it("leave the host's own files to Pods on its network", () => {
    expect(new SandboxStore(directory).files({ ...sandbox, hostNetwork: true, hasDns: false })).toEqual([]);
  });
});
