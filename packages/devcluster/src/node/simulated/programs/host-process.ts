// Our own controllers run for real, as processes of the host.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { RuntimeError, type ContainerSpec } from '../../runtime.js';
import { hostPathOf, type Program, type ProgramContext } from '../program.js';
import type { ProcessRegister } from '../process-register.js';

const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';

/** "keystone", of `node /opt/stackwright/keystone/main.js`; undefined for any other command. */
export function controllerOf({ command = [], args = [] }: ContainerSpec): string | undefined {
  const [program, script] = [...command, ...args];
  return program === 'node' ? /^\/opt\/stackwright\/([a-z0-9-]+)\/main\.js$/.exec(script ?? '')?.[1] : undefined;
}

/** Packages of these layers are controllers; others have programs, too, which no Pod runs on this host. */
const CONTROLLERS = ['layer:service', 'layer:coordinator'];

/** The bundle of a controller in the repository. Throws for what is none of its controllers, and when it has not been built. */
export function bundleOf(repository: string, controller: string): string {
  if (!isController(join(repository, 'packages', controller)))
    throw new RuntimeError(
      'CreateContainerError',
      `${controller} is no controller of this repository: the simulated node runs no others`,
    );
  const path = join(repository, 'packages', controller, 'dist', 'main.js');
  if (existsSync(path)) return path;
  throw new RuntimeError('CreateContainerError', `${path} does not exist: build it with "npm run build"`);
}

function isController(directory: string): boolean {
  try {
    const { nx } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as { nx?: { tags?: string[] } };
    return CONTROLLERS.some((tag) => nx?.tags?.includes(tag));
  } catch {
    return false;
  }
}

/** Runs a bundle with what it may know of the container's environment, and access to the API as the Pod's ServiceAccount. */
export function hostProcess(bundle: string, apiServer: string, { register, folder }: HostProcessOptions): Program {
  return async (context) => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const directory = await mkdtemp(join(folder, 'controller-'));
    try {
      const kubeconfig = join(directory, 'kubeconfig');
      await writeFile(kubeconfig, JSON.stringify(await kubeconfigOf(context.spec, apiServer)), { mode: 0o600 });
      const child = spawn(process.execPath, [bundle], {
        env: environment(context, kubeconfig),
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      await register.add(child.pid, bundle);
      return await supervise(child, context).finally(() => register.remove(child.pid));
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  };
}

export interface HostProcessOptions {
  register: ProcessRegister;
  /** For what the processes need besides; made when there is need of it. */
  folder: string;
}

async function supervise(child: ChildProcess, { terminate, killed, log }: ProgramContext): Promise<number> {
  const forward = (stream: Readable | null): void => {
    if (stream) createInterface({ input: stream }).on('line', log);
  };
  forward(child.stdout);
  forward(child.stderr);
  const end = (): void => void child.kill('SIGTERM');
  const kill = (): void => void child.kill('SIGKILL');
  if (terminate.aborted) end();
  terminate.addEventListener('abort', end, { once: true });
  killed.addEventListener('abort', kill, { once: true });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    // "close", not "exit": by then all output has been read.
    child.once('close', (code, signal) => resolve(code ?? (signal === 'SIGKILL' ? 137 : 143)));
  });
}

/**
 * What a controller is told by its Pod. It runs as whoever started the cluster, so that whatever else Node.js, its libraries or OpenSSL
 * would take from their environment (NODE_OPTIONS, LD_PRELOAD, proxies, where to send spans) is not the Pod's to say.
 */
const SETTINGS = new Set([
  'POD_NAMESPACE',
  'WATCH_NAMESPACE',
  'HTTP_PORT',
  'METRICS_PORT',
  'METRICS_AUTH',
  'WEBHOOK_PORT',
  'LOG_LEVEL',
  'LEADER_ELECTION',
  'STACKWRIGHT_IMAGE_PREFIX',
]);
/** Directories, which are the volumes' on this host. */
const PATHS = new Set(['METRICS_CERT_DIR', 'WEBHOOK_CERT_DIR']);

function environment({ spec, ip, path }: ProgramContext, kubeconfig: string): NodeJS.ProcessEnv {
  const { PATH, TMPDIR } = process.env;
  const own = spec.env.flatMap(({ name, value }): [string, string][] => {
    if (SETTINGS.has(name)) return [[name, value]];
    const mounted = PATHS.has(name) ? path(value) : undefined;
    return mounted === undefined ? [] : [[name, mounted]];
  });
  return {
    ...(PATH ? { PATH } : {}),
    ...(TMPDIR ? { TMPDIR } : {}),
    ...Object.fromEntries(own),
    BIND_ADDRESS: ip,
    KUBECONFIG: kubeconfig,
  };
}

/** JSON is YAML. The token is a reference to the volume's file, so that its renewal arrives. */
async function kubeconfigOf(spec: ContainerSpec, server: string): Promise<object> {
  const mount = hostPathOf(spec, TOKEN_PATH);
  const file = (name: string): string => join(mount ?? TOKEN_PATH, name);
  const namespace = mount === undefined ? spec.namespace : (await readFile(file('namespace'), 'utf8')).trim();
  const cluster = { server, ...(server.startsWith('https:') ? { 'certificate-authority': file('ca.crt') } : {}) };
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'cluster', cluster }],
    users: [{ name: 'service-account', user: { tokenFile: file('token') } }],
    contexts: [{ name: 'pod', context: { cluster: 'cluster', user: 'service-account', namespace } }],
    'current-context': 'pod',
  };
}
