// Our own controllers run for real, as processes of the host.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
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

/** The bundle of a controller in the repository. Throws when it has not been built. */
export function bundleOf(repository: string, controller: string): string {
  const path = join(repository, 'packages', controller, 'dist', 'main.js');
  if (existsSync(path)) return path;
  throw new RuntimeError('CreateContainerError', `${path} does not exist: build it with "npm run build"`);
}

/** Runs a bundle with the container's environment, and access to the API as the Pod's ServiceAccount. */
export function hostProcess(bundle: string, apiServer: string | undefined, register: ProcessRegister): Program {
  return async (context) => {
    const directory = await mkdtemp(join(tmpdir(), 'stackwright-'));
    try {
      const kubeconfig = join(directory, 'kubeconfig');
      await writeFile(kubeconfig, JSON.stringify(await kubeconfigOf(context.spec, apiServer)), { mode: 0o600 });
      const child = spawn(process.execPath, [bundle], {
        env: environment(context.spec, kubeconfig),
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      await register.add(child.pid, bundle);
      return await supervise(child, context).finally(() => register.remove(child.pid));
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  };
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

/** What the container would see, and what a process of this host needs besides. */
function environment(spec: ContainerSpec, kubeconfig: string): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR } = process.env;
  const own = Object.fromEntries(spec.env.map(({ name, value }) => [name, value]));
  return {
    ...(PATH ? { PATH } : {}),
    ...(HOME ? { HOME } : {}),
    ...(TMPDIR ? { TMPDIR } : {}),
    ...own,
    KUBECONFIG: kubeconfig,
  };
}

/** JSON is YAML. The token is a reference to the volume's file, so that its renewal arrives. */
async function kubeconfigOf(spec: ContainerSpec, apiServer: string | undefined): Promise<object> {
  const env = Object.fromEntries(spec.env.map(({ name, value }) => [name, value]));
  const server = apiServer ?? `https://${env['KUBERNETES_SERVICE_HOST'] ?? ''}:${env['KUBERNETES_SERVICE_PORT'] ?? ''}`;
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
