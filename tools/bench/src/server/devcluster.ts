// The API server of the devcluster in a process of its own, over HTTPS, with the latency of a network in front of every
// answer. Its audit log counts the calls.
import { setTimeout as sleep } from 'node:timers/promises';
import { startDevcluster } from '@stackwright/devcluster';
import { endWithBench } from './end-with-bench.js';
import { benchUserAgent, freshPrefix, type BenchMessage, type ServerMessage } from './protocol.js';

const latency = Number(process.env['BENCH_LATENCY'] ?? '1');
// In memory: a disk is not what is measured. The history is as long as a real server's at this size.
const cluster = await startDevcluster({ node: 'none', tls: true, historyLimit: 20_000 });
if (latency > 0) cluster.server.interceptors.push({ before: () => sleep(latency) });

const calls: Record<string, number> = {};
cluster.server.onAudit(({ verb, resource, subresource, name, user, userAgent }) => {
  if (userAgent.startsWith(benchUserAgent) || user.startsWith('system:serviceaccount:kube-system:')) return;
  if (name?.startsWith(freshPrefix)) return;
  const call = `${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}`;
  calls[call] = (calls[call] ?? 0) + 1;
});

const tell = (message: ServerMessage): void => void process.send?.(message);
process.on('message', ({ type }: BenchMessage) => {
  if (type === 'calls') tell({ type: 'calls', calls });
});
endWithBench();
tell({
  type: 'ready',
  url: cluster.url,
  ca: cluster.server.certificateAuthority ?? '',
  token: /^ *token: (.*)$/m.exec(cluster.kubeconfig)?.[1] ?? '',
});
