// The devcluster as a process of its own.
import { parseArgs } from 'node:util';
import { findClusters, removeCluster } from './node/podman/index.js';
import { runDaemon } from './daemon.js';

const usage = `Usage: devcluster --state-dir <directory> [options]

  --state-dir <directory>          where the cluster is kept; its kubeconfig is written there
  --port <number>                  of the API server; default: the one it had before, or any free one
  --node podman|simulated|none     what runs the Pods; default podman
  --namespace <name>               that the kubeconfig works in; default "default"
  --repository <directory>         this repository; default: found from the program's place
  --teardown                       removes the containers of a cluster that does not run, and ends
  --list-clusters                  prints, as JSON, the clusters of this host and what is left of others, and ends
  --remove-cluster <id>            ends one of these, and removes all of it but its state
`;

try {
  const { values } = parseArgs({
    options: {
      'state-dir': { type: 'string' },
      port: { type: 'string' },
      node: { type: 'string', default: 'podman' },
      namespace: { type: 'string' },
      repository: { type: 'string' },
      teardown: { type: 'boolean', default: false },
      'list-clusters': { type: 'boolean', default: false },
      'remove-cluster': { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const { 'remove-cluster': removed } = values;
  if (values.help) {
    process.stdout.write(usage);
  } else if (values['list-clusters']) {
    process.stdout.write(`${JSON.stringify(await findClusters())}\n`);
  } else if (removed !== undefined) {
    const cluster = (await findClusters()).find(({ id }) => id === removed);
    if (!cluster) throw new Error(`there is no cluster ${removed} on this host`);
    await removeCluster(cluster);
  } else {
    await runDaemon({
      stateDirectory: required(values['state-dir'], '--state-dir'),
      ...(values.port === undefined ? {} : { port: port(values.port) }),
      node: driver(values.node),
      ...(values.namespace === undefined ? {} : { namespace: values.namespace }),
      ...(values.repository === undefined ? {} : { repository: values.repository }),
      teardown: values.teardown,
    });
  }
} catch (error) {
  process.stderr.write(`devcluster: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

function required(value: string | undefined, name: string): string {
  if (value === undefined) throw new Error(`${name} is missing\n\n${usage}`);
  return value;
}

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65535) throw new Error(`${text} is not a port`);
  return value;
}

function driver(text: string): 'podman' | 'simulated' | 'none' {
  if (text !== 'podman' && text !== 'simulated' && text !== 'none')
    throw new Error(`--node is podman, simulated or none, not ${text}`);
  return text;
}
