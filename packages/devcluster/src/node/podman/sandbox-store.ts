// What is kept of a Pod's sandbox on disk: its address, and the files of /etc that all its containers share.
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sandbox, SandboxSpec } from '../runtime.js';

export interface StoredSandbox extends Sandbox {
  hostname: string;
  hostNetwork: boolean;
  /** Whether it has a resolv.conf of its own. */
  hasDns: boolean;
}

export class SandboxStore {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The record is written last: with it the sandbox is complete. */
  async save(sandbox: StoredSandbox, spec: SandboxSpec): Promise<void> {
    const directory = this.#of(sandbox.podUid);
    await mkdir(directory, { recursive: true });
    for (const [name, content] of Object.entries(etcFiles(sandbox, spec))) {
      await writeFile(join(directory, name), content, { mode: 0o644 });
    }
    const record = join(directory, 'sandbox.json');
    await writeFile(`${record}.new`, JSON.stringify(sandbox));
    await rename(`${record}.new`, record);
  }

  async load(): Promise<StoredSandbox[]> {
    const names = await readdir(this.#directory).catch(() => []);
    const records = await Promise.all(
      names.map((name) => readFile(join(this.#of(name), 'sandbox.json'), 'utf8').catch(() => undefined)),
    );
    return records.flatMap((record) => (record === undefined ? [] : [JSON.parse(record) as StoredSandbox]));
  }

  async remove(podUid: string): Promise<void> {
    await rm(this.#of(podUid), { recursive: true, force: true });
  }

  async clear(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
  }

  /** To be mounted into every container of the Pod. */
  files({ podUid, hostNetwork, hasDns }: StoredSandbox): { hostPath: string; containerPath: string }[] {
    return [...(hostNetwork ? [] : ['hosts']), ...(hasDns ? ['resolv.conf'] : [])].map((name) => ({
      hostPath: join(this.#of(podUid), name),
      containerPath: `/etc/${name}`,
    }));
  }

  #of(podUid: string): string {
    return join(this.#directory, podUid);
  }
}

export function etcFiles(sandbox: StoredSandbox, spec: SandboxSpec): Record<string, string> {
  const { dns } = spec;
  const hosts = [
    '127.0.0.1 localhost',
    '::1 localhost ip6-localhost ip6-loopback',
    `${sandbox.ip} ${spec.hostname}`,
    ...spec.hostAliases.map(({ ip, hostnames }) => `${ip} ${hostnames.join(' ')}`),
  ];
  const resolv = [
    ...(dns === undefined ? [] : [`nameserver ${dns.nameserver}`]),
    ...(dns === undefined || dns.searches.length === 0 ? [] : [`search ${dns.searches.join(' ')}`]),
    ...(dns === undefined || dns.options.length === 0 ? [] : [`options ${dns.options.join(' ')}`]),
  ];
  const text = (lines: string[]): string => lines.map((line) => `${line}\n`).join('');
  return dns === undefined ? { hosts: text(hosts) } : { hosts: text(hosts), 'resolv.conf': text(resolv) };
}
