import { stackwright } from '@stackwright/api';
import { modules } from '@stackwright/cli';
import { coreMetrics, createManager, type Logger } from '@stackwright/core';
import { connectionTo, createClient, createTransport } from '@stackwright/kube';
import { Registry } from 'prom-client';
import { generated, markdownTable } from './markdown.js';

interface Metric {
  name: string;
  type: string;
  labels: readonly string[];
  help: string;
}

/** What a controller process serves under /metrics. */
export async function metricsPage(): Promise<string> {
  const metrics = await allMetrics();
  const sections: [string, string, (metric: Metric) => boolean][] = [
    ['Ours', 'Every name begins with `stackwright_`.', ({ name }) => name.startsWith('stackwright_')],
    [
      'As controller-runtime and client-go have them',
      'Names, labels and buckets are theirs: dashboards and alerts that exist work unchanged.',
      ({ name }) => !name.startsWith('stackwright_'),
    ],
  ];
  return [
    '# Metrics',
    generated,
    'Each controller serves them at `/metrics` on its HTTP port (8080), with those of the process and of Node.js (`process_*`, `nodejs_*`) besides.',
    ...sections.flatMap(([title, text, belongs]) => [
      `## ${title}`,
      text,
      markdownTable(
        ['Metric', 'Type', 'Labels', 'Meaning'],
        metrics
          .filter(belongs)
          .map(({ name, type, labels, help }) => [
            `\`${name}\``,
            type,
            labels.map((label) => `\`${label}\``).join(', '),
            help,
          ]),
      ),
    ]),
  ].join('\n\n');
}

/** Asked from the code that runs: each module is set up, and never started. */
async function allMetrics(): Promise<Metric[]> {
  const found = new Map<string, Metric>();
  for (const { name, type, labels, help } of coreMetrics(stackwright.metricPrefix))
    found.set(name, { name, type, labels, help });
  for (const module of modules) {
    const registry = new Registry();
    const client = createClient(createTransport({ connection: connectionTo({ server: 'http://127.0.0.1:1' }) }));
    module.setup(createManager({ ...stackwright, name: module.name, client, log: silent, metrics: registry }));
    for (const { name, type, help } of await registry.getMetricsAsJSON()) {
      const { labelNames = [] } = registry.getSingleMetric(name) as unknown as { labelNames?: readonly string[] };
      if (!found.has(name)) found.set(name, { name, type: String(type), labels: labelNames, help });
    }
  }
  return [...found.values()].sort((a, b) => a.name.localeCompare(b.name));
}

const nothing = () => undefined;
const silent: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => silent };
