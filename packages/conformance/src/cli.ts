// npm run conformance
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startVitest } from 'vitest/node';
import { startDevclusterProcess } from './cluster/devcluster.js';
import { fuzz, inFigures } from './fuzz/fuzz.js';
import { Server } from './fuzz/server.js';
import { AREAS, beside } from './report/areas.js';
import { ConformanceReporter } from './report/reporter.js';
import { begin, type Session } from './session.js';
import type {} from './support/target.js';

const usage = `Usage: npm run conformance -- [options] [area…]

Tells what a Kubernetes API holds: of the cluster of KUBECONFIG, or of a devcluster that is started for it.

  area                       only these: part of a name (--list shows them)
  --node simulated|podman    what the started devcluster runs Pods on; podman needs root. Default simulated
  --image <name>             what Pods run where it must be pulled: with sh, tar and /agnhost.
                             Default registry.k8s.io/e2e-test-images/agnhost:2.47
  --json <file>              writes the report there, too
  --filter <words>           only what these words are part of
  --fuzz                     instead: changes each field of valid objects to what is wrong, and shows where the cluster
                             of KUBECONFIG and a devcluster answer differently. Areas are kinds then. Nothing but two
                             namespaces is made, and one object of each kind
  --list                     shows the areas, and ends

Exit code: 0 when all holds that could be looked at, 1 when something differs, 2 when the suite did not run.
`;

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`conformance: ${error instanceof Error ? error.message : String(error)}\n`);
  return 2;
});

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      node: { type: 'string' },
      image: { type: 'string' },
      json: { type: 'string' },
      filter: { type: 'string' },
      fuzz: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return say(usage);
  if (values.fuzz) return compareServers(positionals);
  if (values.list) return say(AREAS.map(({ file, title }) => `${file.padEnd(22)}${title}\n`).join(''));
  if (values.node !== undefined && values.node !== 'simulated' && values.node !== 'podman')
    throw new Error(`--node is simulated or podman, not ${values.node}`);
  if (values.node !== undefined && process.env['KUBECONFIG'])
    throw new Error('--node is for a devcluster of the run; KUBECONFIG names a cluster that has its nodes');
  const unknown = positionals.find((name) => !AREAS.some(({ file }) => file.includes(name)));
  if (unknown !== undefined) throw new Error(`there is no area ${unknown}; --list shows them`);

  const session = await begin({
    kubeconfig: process.env['KUBECONFIG'] || undefined,
    node: values.node ?? 'simulated',
    image: values.image,
  });
  const left = beside(session.target);
  const files = AREAS.map(({ file }) => file).filter(
    (file) => !left.includes(file) && (positionals.length === 0 || positionals.some((name) => file.includes(name))),
  );
  const reporter = new ConformanceReporter(session.target, values.json === undefined ? {} : { json: values.json });
  const ended = endOnce(session);
  try {
    const vitest = await startVitest(
      'test',
      files.map((file) => `areas/${file}.conformance`),
      {
        config: join(import.meta.dirname, '../vitest.config.ts'),
        watch: false,
        reporters: [reporter],
        provide: { target: session.target },
        ...(values.filter === undefined ? {} : { testNamePattern: values.filter }),
      },
    );
    await vitest.close();
  } finally {
    await ended();
  }
  if (!reporter.report?.areas.length) return 2;
  return reporter.report.numFailedTests > 0 ? 1 : 0;
}

/** What a real cluster and a devcluster make of the same wrong objects. */
async function compareServers(kinds: readonly string[]): Promise<number> {
  const kubeconfig = process.env['KUBECONFIG'];
  if (!kubeconfig) throw new Error('--fuzz compares a devcluster with the cluster of KUBECONFIG, which is not set');
  const own = await startDevclusterProcess('simulated');
  const first = await Server.of(kubeconfig);
  const second = await Server.of(own.kubeconfig);
  try {
    const run = `fuzz-${Date.now().toString(36)}`;
    const print = (line: string): void => void say(`${line}\n`);
    const count = await fuzz({ first, second, run, only: kinds, print });
    print(`\n${inFigures(count)}`);
    return count.differ > 0 ? 1 : 0;
  } finally {
    first.close();
    second.close();
    await own.stop();
  }
}

/** Ends the session, at the end or when the user has had enough, and says what could not be taken away. */
function endOnce(session: Session): () => Promise<void> {
  let ending: Promise<void> | undefined;
  const end = (): Promise<void> =>
    (ending ??= session.end().then((left) => {
      if (left.length > 0) process.stderr.write(`still there, in spite of all: ${left.join(', ')}\n`);
    }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void end().then(() => process.exit(130)));
  return end;
}

function say(text: string): number {
  process.stdout.write(text);
  return 0;
}
