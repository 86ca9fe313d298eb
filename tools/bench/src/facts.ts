// On what it was measured.
import { execFile } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import { promisify } from 'node:util';
import { root } from './build.js';
import type { Options } from './options.js';

export interface Facts {
  date: string;
  commit: string;
  node: string;
  cores: number;
  processor: string;
  /** GiB. */
  memory: number;
  server: string;
  countedBy: string;
}

export async function gatherFacts({ kubeconfig, latency }: Pick<Options, 'kubeconfig' | 'latency'>): Promise<Facts> {
  const embedded = kubeconfig === undefined;
  return {
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    commit: await commit(),
    node: process.version,
    cores: cpus().length,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    memory: Math.round(totalmem() / 2 ** 30),
    server: embedded ? `devcluster, in memory, HTTPS, ${latency} ms before each answer` : 'that of the kubeconfig',
    countedBy: embedded ? "the server's audit log" : 'a proxy between the controllers and the server',
  };
}

async function commit(): Promise<string> {
  const git = async (...args: string[]) => (await promisify(execFile)('git', args, { cwd: root })).stdout.trim();
  try {
    const changed = (await git('status', '--porcelain', '--untracked-files=no')) === '' ? '' : ', with changes';
    return `${await git('rev-parse', '--short', 'HEAD')}${changed}`;
  } catch {
    return 'unknown';
  }
}
