// The API server, in a process that may be killed.
import { writeFileSync } from 'node:fs';
import { startDevcluster } from '@stackwright/devcluster';
import { randomFrom } from '../random.js';
import { entryOf, Journal } from './journal.js';
import { Storm } from './storm.js';

/** What the server is told. */
export type ServerOrder = { order: 'storm' | 'calm' };

export interface ServerReport {
  /** Requests that met a fault, and watches that were ended, by fault. */
  faults: Record<string, number>;
  /** Requests of the controllers that were to change something, Leases apart. */
  writes: number;
  /** Those of them that did. */
  changes: number;
  /** Watches that they began. */
  watches: number;
}

const [stateDirectory = '', port = '0', seed = '0'] = process.argv.slice(2);
const cluster = await startDevcluster({
  node: 'none',
  tls: true,
  stateDirectory,
  port: Number(port),
  // Short, so that who was away for a while has missed something for good.
  historyLimit: 300,
  bookmarkInterval: 5000,
  settlingTime: 5000,
});
writeFileSync(`${stateDirectory}/kubeconfig`, cluster.kubeconfig, { mode: 0o600 });
const journal = new Journal(`${stateDirectory}/journal.jsonl`);
cluster.server.context.store.subscribe((resource, event) => {
  const plural = resource.slice(resource.indexOf('/') + 1);
  if (plural === 'configmaps' || plural.endsWith('widgets')) journal.write(entryOf(event.type, plural, event.object));
});
let writes = 0;
let changes = 0;
let watches = 0;
cluster.server.onAudit(({ userAgent, verb, resource, changed }) => {
  if (!userAgent.startsWith('soak-controller') || resource === 'leases') return;
  if (verb === 'watch') watches += 1;
  if (!['create', 'update', 'patch', 'delete'].includes(verb)) return;
  writes += 1;
  if (changed) changes += 1;
});
const { faults } = cluster.server;
const storm = new Storm(faults, randomFrom(Number(seed)));

process.on('message', ({ order }: ServerOrder) => {
  if (order === 'storm') storm.begin();
  if (order === 'calm') storm.stop();
  report();
});
process.on('disconnect', () => process.exit(1));
process.once('SIGTERM', () => void cluster.stop().then(() => process.exit(0)));
// What is counted is lost when this process is killed; little of it.
setInterval(report, 500);
report();

function report(): void {
  const message: ServerReport = {
    faults: { ...Object.fromEntries(faults.counts), ...watchEnds() },
    writes,
    changes,
    watches,
  };
  process.send?.(message);
}

function watchEnds(): Record<string, number> {
  return Object.fromEntries(Object.entries(storm.ended).map(([how, count]) => [`open watch: ${how}`, count]));
}
