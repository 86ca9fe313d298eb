// What a broker of a newer version can do besides, and does only once it is told so: a cluster whose brokers have not all been
// replaced yet could not. The version after it will not start without.
import type { GraphBuilder, StepHandle } from '@stackwright/graph';
import type { Http } from '@stackwright/openstack';
import type { RabbitMQ } from '../crd.js';
import { Management } from '../management/client.js';
import { explain } from '../management/explain.js';
import { brokerReads, type Broker } from './login.js';

interface NodeAnswer {
  name: string;
  running?: boolean;
  applications?: { name: string; version: string }[];
}

interface FlagAnswer {
  name: string;
  state?: string;
  stability?: string;
}

/** Step 'FeatureFlags': enables the stable ones, when all brokers of the cluster run one version. Looks every ten minutes. */
export function featureFlagsStep(
  g: GraphBuilder<RabbitMQ>,
  http: Http,
  endpoint: StepHandle<Broker & { version: string }>,
): void {
  g.external<readonly string[], string, undefined>({
    name: 'FeatureFlags',
    after: [endpoint],
    reads: brokerReads,
    resync: 600_000,
    async observe(scope, signal) {
      const management = new Management(http, scope.output(endpoint).login, signal);
      const { replicas } = scope.object.spec;
      if (!haveOneVersion((await management.get<NodeAnswer[]>('nodes')) ?? [], replicas)) return [];
      const flags = (await management.get<FlagAnswer[]>('feature-flags')) ?? [];
      const isOpen = ({ state, stability }: FlagAnswer) => state === 'disabled' && stability !== 'experimental';
      return flags.filter(isOpen).map(({ name }) => name);
    },
    diff: (_scope, disabled) => disabled,
    describe: (flag) => `Enable the feature flag ${flag}`,
    async apply(scope, flags, signal) {
      const management = new Management(http, scope.output(endpoint).login, signal);
      for (const name of flags) await management.put({ name }, 'feature-flags', name, 'enable');
    },
    output: () => undefined,
    explain,
  });
}

function haveOneVersion(nodes: readonly NodeAnswer[], members: number): boolean {
  const versions = new Set(nodes.map(versionOf));
  return nodes.length >= members && nodes.every(({ running }) => running) && versions.size === 1 && !versions.has('');
}

const versionOf = ({ applications = [] }: NodeAnswer): string =>
  applications.find(({ name }) => name === 'rabbit')?.version ?? '';
