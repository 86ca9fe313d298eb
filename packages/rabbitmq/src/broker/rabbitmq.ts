// A RabbitMQ as a graph: the broker that is run here, or the one that is told of by a Secret.
import { MessagingClaim, Reason } from '@stackwright/api';
import type { Graph, GraphBuilder, StepHandle } from '@stackwright/graph';
import { Secret, StatefulSet } from '@stackwright/kube';
import {
  claimsOfProvider,
  configCheckOwns,
  configCheckStep,
  configSecret,
  defineServer,
  firstVolumeSize,
  keptPassword,
  Refused,
  serverConfigStep,
  serverStep,
  whoServed,
  type Http,
} from '@stackwright/openstack';
import { catalog } from '../catalog.js';
import { RabbitMQ } from '../crd.js';
import { Management } from '../management/client.js';
import { explain } from '../management/explain.js';
import { vhostsNotOn } from '../management/moved.js';
import { featureFlagsStep } from './feature-flags.js';
import { clientService, configCheckProgram, definitions, enabledPlugins, ports, rabbitmqConf } from './files.js';
import { adminPasswordSecret, brokerOf, administeredAt, brokerReads, endpointOf, type Broker } from './login.js';
import { brokerPod } from './pod.js';

export function rabbitmqGraph(http: Http): Graph<RabbitMQ> {
  return defineServer(RabbitMQ, {
    run: runBroker,
    owns: configCheckOwns,
    tend: (g, endpoint) => featureFlagsStep(g, http, endpoint),
    reads: [...brokerReads, claimsOfProvider(MessagingClaim)],
    server: brokerOf,
    ask: (broker, signal) => versionOf(http, broker, signal),
    endpoint: endpointOf,
    administeredAt,
    explain,
    lacks(scope, { login }, signal) {
      const claims = scope.list(MessagingClaim).filter(({ spec }) => spec.provider === scope.name);
      return vhostsNotOn(new Management(http, login, signal), claims);
    },
    kept: (name) => [adminPasswordSecret(name), cookieSecret(name)],
  });
}

const wasInUse = ({ object }: { object: Readonly<RabbitMQ> }) => ({ wasInUse: whoServed(object) === 'Here' });

/** By it brokers of a cluster know each other, and so does who administers one from within its Pod. */
const cookieSecret = (rabbitmq: string): string => `${rabbitmq}-erlang-cookie`;

/** Secrets, configuration, Services and StatefulSet. */
function runBroker(g: GraphBuilder<RabbitMQ>): StepHandle {
  const password = g.step({
    name: 'Password',
    owns: [Secret],
    run: (scope) => keptPassword(scope, adminPasswordSecret(scope.name), wasInUse(scope)),
  });
  const cookie = g.step({
    name: 'Cookie',
    owns: [Secret],
    run: (scope) =>
      keptPassword(scope, cookieSecret(scope.name), {
        ...wasInUse(scope),
        copy: ` (erlang.cookie of the Secret ${configSecret(scope.name)} is the same)`,
      }),
  });
  const check = configCheckStep(g, {
    catalog,
    program: configCheckProgram,
    option: (key, value) => `${key} = ${value}`,
  });
  const config = serverConfigStep(g, {
    files: (scope) => ({
      'rabbitmq.conf': rabbitmqConf(scope.object.spec, firstVolumeSize(scope) ?? '10Gi'),
      enabled_plugins: enabledPlugins,
      'definitions.json': definitions(scope.output(password).password),
      'erlang.cookie': scope.output(cookie).password,
    }),
    salt: (scope) => scope.output(password).uid,
    after: [password, cookie, check],
    reads: [StatefulSet],
  });
  return serverStep(g, {
    user: catalog.user,
    ports,
    clientService,
    pod: brokerPod,
    hash: (scope) => scope.output(config),
    after: [config],
    network: {
      claims: MessagingClaim,
      clients: ['amqp'],
      controller: { module: 'rabbitmq', ports: ['management'] },
      cluster: ['metrics'],
      // By ports that Erlang's port mapper gives, tools among them.
      group: true,
    },
  });
}

/** Of a broker that takes messages, with all of its cluster. @throws BrokerError, Refused */
async function versionOf(http: Http, { login, members = 1 }: Broker, signal: AbortSignal): Promise<string> {
  const management = new Management(http, login, signal);
  const overview = await management.get<{ rabbitmq_version?: string }>('overview');
  const alarms = await management.alarms();
  if (alarms.length > 0) {
    const short = alarms.map(({ node, resource }) => `${resource} on ${node}`).join(', ');
    throw new Refused(Reason.BrokerFailed, `The broker takes no messages, since it is short of ${short}`);
  }
  if (members > 1) await expectMembers(management, members);
  return overview?.rabbitmq_version ?? 'unknown';
}

/** A broker that runs beside the cluster, and not in it, answers as well as any. */
async function expectMembers(management: Management, members: number): Promise<void> {
  const nodes = (await management.get<{ name: string; running?: boolean }[]>('nodes')) ?? [];
  const running = nodes.filter((node) => node.running).map(({ name }) => name);
  if (running.length >= members) return;
  const names = running.sort().join(', ');
  throw new Refused(Reason.BrokerFailed, `The cluster has ${running.length} of ${members} brokers: ${names || 'none'}`);
}
