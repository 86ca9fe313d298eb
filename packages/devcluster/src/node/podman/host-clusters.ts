// All clusters of this host: those that run, those that are stopped, and what is left of those whose state has been deleted,
// or whose process was killed. Found by what they leave, and by a note that goes with the boot, as networks do.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hostMounter } from '../volumes/mounter.js';
import { LABELS } from './container-arguments.js';
import { CommandError, runCommand } from './command.js';
import { Firewall } from './firewall.js';
import { PERIMETER_PREFIX, perimetersOfHost, removePerimeter, type FoundPerimeter } from './perimeter.js';
import { abandonedFolders, runFolder, runFolders } from '../../temporary.js';

/** What belongs to one cluster. */
export interface HostCluster {
  /** Eight hexadecimal digits, which are in the names of all that it has. */
  id: string;
  /** What its containers are labelled with; not known where it has none, nor a note. */
  clusterId?: string;
  stateDirectory?: string;
  /** The directory is there. */
  hasState: boolean;
  /** Of its process. */
  pid?: number;
  containers: readonly string[];
  namespaces: readonly string[];
  bridge?: string;
  /** Of its Services, as a route of the host. */
  route?: string;
  /** The rules that keep neighbours out, as a table of nftables. */
  table?: string;
  /** Temporary ones, outside of its state. */
  folders: readonly string[];
  mounts: readonly string[];
}

/** What was found on the host, before anybody asks whose it is. */
export interface HostTraces {
  notes: readonly { clusterId: string; stateDirectory: string; services?: string }[];
  containers: readonly { id: string; clusterId: string; logPath: string }[];
  /** Names of network namespaces. */
  namespaces: readonly string[];
  bridges: readonly { name: string; address?: string }[];
  perimeters: readonly FoundPerimeter[];
  /** By short id. */
  runFolders: readonly string[];
  /** Of clusters without a state directory, whose process is gone. */
  abandoned: readonly string[];
  processes: readonly { pid: number; stateDirectory: string }[];
  /** Where file systems are mounted. */
  mounts: readonly string[];
  /** Ids of the clusters of state directories that are there. */
  states: Readonly<Record<string, string | undefined>>;
}

const notes = '/run/stackwright/clusters';
const namespaceDirectory = '/run/netns';

export const shortId = (clusterId: string): string => createHash('sha256').update(clusterId).digest('hex').slice(0, 8);

/** So that it is found when its state is not any more. */
export async function noteCluster(clusterId: string, stateDirectory: string, services: string): Promise<void> {
  await mkdir(notes, { recursive: true, mode: 0o755 });
  const path = join(notes, `${shortId(clusterId)}.json`);
  await writeFile(`${path}.new`, JSON.stringify({ clusterId, stateDirectory, services }), { mode: 0o644 });
  await rename(`${path}.new`, path);
}

export async function forgetNote(clusterId: string): Promise<void> {
  await rm(join(notes, `${shortId(clusterId)}.json`), { force: true });
}

/** Whose the traces are. Pure. */
export function clustersOf(traces: HostTraces): HostCluster[] {
  const ids = new Map<string, { clusterId?: string; stateDirectory?: string }>();
  const add = (id: string, more: { clusterId?: string; stateDirectory?: string } = {}) => {
    ids.set(id, { ...more, ...ids.get(id) });
  };
  for (const { clusterId, stateDirectory } of traces.notes) add(shortId(clusterId), { clusterId, stateDirectory });
  for (const { clusterId, logPath } of traces.containers) {
    const stateDirectory = /^(.*)\/podman\/logs\//.exec(logPath)?.[1];
    add(shortId(clusterId), { clusterId, ...(stateDirectory === undefined ? {} : { stateDirectory }) });
  }
  for (const name of traces.namespaces) {
    const id = /^stackwright-([0-9a-f]{8})-/.exec(name)?.[1];
    if (id !== undefined) add(id);
  }
  for (const { name } of traces.bridges) {
    const id = /^sw-([0-9a-f]{8})$/.exec(name)?.[1];
    if (id !== undefined) add(id);
  }
  for (const { id } of traces.perimeters) add(id);
  for (const id of traces.runFolders) add(id);
  for (const { stateDirectory } of traces.processes) {
    const clusterId = traces.states[stateDirectory];
    const known = [...ids].some(([, one]) => one.stateDirectory === stateDirectory);
    if (!known) add(shortId(clusterId ?? stateDirectory), { ...(clusterId ? { clusterId } : {}), stateDirectory });
  }
  const left = [...ids].map(([id, { clusterId, stateDirectory }]): HostCluster => {
    const bridge = traces.bridges.find(({ name }) => name === `sw-${id}`);
    const process = traces.processes.find((one) => one.stateDirectory === stateDirectory);
    const perimeter = traces.perimeters.find((one) => one.id === id);
    const note = traces.notes.find((one) => shortId(one.clusterId) === id);
    const route =
      perimeter?.services ??
      note?.services ??
      (bridge?.address === undefined ? undefined : servicesBeside(bridge.address));
    return {
      id,
      ...(clusterId === undefined ? {} : { clusterId }),
      ...(stateDirectory === undefined ? {} : { stateDirectory }),
      // Another cluster may have been made in its place.
      hasState: stateDirectory !== undefined && clusterId !== undefined && traces.states[stateDirectory] === clusterId,
      ...(process ? { pid: process.pid } : {}),
      containers: traces.containers.filter((one) => shortId(one.clusterId) === id).map((one) => one.id),
      namespaces: traces.namespaces.filter((name) => name.startsWith(`stackwright-${id}-`)),
      ...(bridge ? { bridge: bridge.name } : {}),
      ...(route === undefined ? {} : { route }),
      ...(perimeter ? { table: `${PERIMETER_PREFIX}${id}` } : {}),
      folders: traces.runFolders.includes(id) ? [runFolder(id)] : [],
      mounts:
        stateDirectory === undefined ? [] : traces.mounts.filter((path) => path.startsWith(`${stateDirectory}/node/`)),
    };
  });
  const abandoned = traces.abandoned.map((path) => ({
    id: shortId(path),
    hasState: false,
    containers: [],
    namespaces: [],
    folders: [path],
    mounts: [],
  }));
  return [...left, ...abandoned];
}

/** Pods have the lower half of a /16, and Services the upper one (see `address-plan.ts`). */
function servicesBeside(nodeIp: string): string | undefined {
  const [first, second] = nodeIp.split('.');
  return first === undefined || second === undefined ? undefined : `${first}.${second}.128.0/17`;
}

export async function findClusters(): Promise<HostCluster[]> {
  const [noted, containers, bridges, perimeters, folders, abandoned, processes] = await Promise.all([
    readNotes(),
    labelledContainers(),
    bridgesOfHost(),
    perimetersOfHost(),
    runFolders(),
    abandonedFolders(),
    processesOfHost(),
  ]);
  const traces = {
    notes: noted,
    containers,
    namespaces: await readdir(namespaceDirectory).catch(() => []),
    bridges,
    perimeters,
    runFolders: folders,
    abandoned,
    processes,
    mounts: await mountPoints(),
    states: {},
  };
  const directories = clustersOf(traces).flatMap(({ stateDirectory }) => stateDirectory ?? []);
  const states = await Promise.all(directories.map(async (each) => [each, await clusterIn(each)] as const));
  return clustersOf({ ...traces, states: Object.fromEntries(states) });
}

/** Ends its process, and removes all that it has on the host but its state. */
export async function removeCluster(cluster: HostCluster): Promise<void> {
  const { id, clusterId, stateDirectory, pid, containers, namespaces, bridge, route, table, folders } = cluster;
  if (pid !== undefined) await endProcess(pid);
  if (containers.length > 0) {
    await runCommand('podman', ['rm', '--force', '--time', '0', '--volumes', ...containers], { timeout: 120_000 });
  }
  for (const name of namespaces) await runCommand('ip', ['netns', 'del', name]).catch(ignoreMissing);
  await new Firewall(`sw-${id}`).close();
  if (route !== undefined) await runCommand('ip', ['route', 'del', 'local', route, 'dev', 'lo']).catch(ignoreMissing);
  if (bridge !== undefined) await runCommand('ip', ['link', 'del', bridge]).catch(ignoreMissing);
  if (table !== undefined) await removePerimeter(id);
  if (stateDirectory !== undefined) await hostMounter.unmountAll(join(stateDirectory, 'node'));
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
  if (clusterId !== undefined) await forgetNote(clusterId);
}

async function endProcess(pid: number): Promise<void> {
  process.kill(pid, 'SIGTERM');
  for (let waited = 0; existsSync(`/proc/${pid}`) && waited < 300; waited++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  if (existsSync(`/proc/${pid}`)) throw new Error(`process ${pid} does not end`);
}

async function readNotes(): Promise<HostTraces['notes']> {
  const files = await readdir(notes).catch(() => []);
  const found = await Promise.all(files.filter((name) => name.endsWith('.json')).map(readNote));
  return found.flatMap((note) => note ?? []);
}

/** One that nobody can read says nothing; what it was of is found by other traces. */
async function readNote(file: string): Promise<HostTraces['notes'][number] | undefined> {
  try {
    return JSON.parse(await readFile(join(notes, file), 'utf8')) as HostTraces['notes'][number];
  } catch {
    return undefined;
  }
}

async function labelledContainers(): Promise<HostTraces['containers']> {
  const args = ['ps', '--all', '--format', 'json', '--filter', `label=${LABELS.cluster}`];
  const { stdout } = await runCommand('podman', args).catch((error: unknown) => {
    // No podman, no containers of it.
    if (error instanceof CommandError && error.message.includes('ENOENT')) return { stdout: '' };
    throw error;
  });
  const found = JSON.parse(stdout || '[]') as { Id: string; Labels: Record<string, string> }[];
  return found.map(({ Id: id, Labels }) => ({
    id,
    clusterId: Labels[LABELS.cluster] ?? '',
    logPath: Labels[LABELS.logPath] ?? '',
  }));
}

async function bridgesOfHost(): Promise<HostTraces['bridges']> {
  const { stdout } = await runCommand('ip', ['-json', '-4', 'address', 'show']).catch(() => ({ stdout: '' }));
  const links = JSON.parse(stdout || '[]') as { ifname: string; addr_info?: { local?: string }[] }[];
  return links
    .filter(({ ifname }) => ifname.startsWith('sw-'))
    .map(({ ifname: name, addr_info: [first] = [] }) => ({ name, ...(first?.local ? { address: first.local } : {}) }));
}

/** Those of `devcluster --state-dir …`. */
async function processesOfHost(): Promise<HostTraces['processes']> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const args = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
      const stateDirectory = args[args.indexOf('--state-dir') + 1];
      const isOurs = args.some((arg) => /devcluster\/dist\/main\.js$/.test(arg)) && args.includes('--state-dir');
      const isTeardown = ['--teardown', '--list-clusters', '--remove-cluster'].some((flag) => args.includes(flag));
      return isOurs && !isTeardown && stateDirectory ? [{ pid, stateDirectory }] : [];
    }),
  );
  return found.flat();
}

async function mountPoints(): Promise<string[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  return lines.flatMap((line) => line.split(' ')[4] ?? []).map((path) => path.replaceAll('\\040', ' '));
}

const clusterIn = (directory: string): Promise<string | undefined> =>
  readFile(join(directory, 'cluster-id'), 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  );

function ignoreMissing(error: unknown): void {
  if (error instanceof CommandError && /No such|Cannot find device|does not exist/i.test(error.message)) return;
  throw error;
}
