// How the administrator of a broker logs in, for one that is run here and for an external one.
import { X509Certificate } from 'node:crypto';
import { Reason } from '@stackwright/api';
import {
  done,
  failed,
  waiting,
  type Endpoint,
  type Outcome,
  type Reconciled,
  type StepScope,
} from '@stackwright/graph';
import { EndpointSlice, Secret, type Resource } from '@stackwright/kube';
import {
  isWhereItServed,
  managedServer,
  namedBy,
  podNames,
  secretReference,
  serverInUseOf,
  usableLines,
  valuesOf,
  whoServed,
  type Whereabouts,
} from '@stackwright/openstack';
import { externalBrokerKeys, type RabbitMQ } from '../crd.js';
import type { Login } from '../management/client.js';
import { administrator, clientService, ports } from './files.js';

export interface Broker {
  /** As the controller reaches it. */
  login: Login;
  /** host:port of each broker, as clients in Pods reach it. */
  hosts: readonly string[];
  /** How many brokers its cluster must have, where that is ours to know. */
  members?: number;
}

/** Kinds that `brokerOf` reads. */
export const brokerReads: readonly Resource[] = [Secret, EndpointSlice];

export const adminPasswordSecret = (rabbitmq: string): string => `${rabbitmq}-admin-password`;

type Scope = Pick<StepScope<Reconciled>, 'get' | 'list' | 'namespace'>;

/** The one that the spec names. */
export function brokerOf(scope: Scope, rabbitmq: Readonly<RabbitMQ>): Outcome<Broker> {
  return brokerAt(scope, rabbitmq, namedBy(rabbitmq));
}

/** The one on which claims stand: the one before as long as that which the spec names is not ready to take over. */
export function brokerInUse(scope: Scope, rabbitmq: Readonly<RabbitMQ>): Outcome<Broker> {
  const { externalSecret } = serverInUseOf(rabbitmq);
  // What has never run here can only be elsewhere.
  const hasRunHere = scope.get(Secret, adminPasswordSecret(rabbitmq.metadata?.name ?? '')) !== undefined;
  const broker = brokerAt(scope, rabbitmq, externalSecret ?? (hasRunHere ? undefined : namedBy(rabbitmq)));
  if (broker.state !== 'Done' || whoServed(rabbitmq) !== 'Elsewhere') return broker;
  // The Secret may name another broker by now, and how to administer the one before is known no more: nothing is made on either.
  const at = { endpoint: endpointOf(broker.output), administeredAt: administeredAt(broker.output) };
  if (isWhereItServed(rabbitmq, at)) return broker;
  const before = (rabbitmq.status ?? {}) as Partial<Whereabouts>;
  const [named, known] = at.endpoint === before.endpoint ? [at, before].map(administered) : [at, before].map(served);
  const message = `RabbitMQ ${rabbitmq.metadata?.name} has not taken over ${named}, which its Secret names instead of ${known}`;
  return waiting(Reason.WaitingForProvider, message, { on: secretReference(externalSecret ?? '', scope) });
}

const served = ({ endpoint = '' }: Partial<Whereabouts>): string => endpoint;
const administered = ({ administeredAt: url = '' }: Partial<Whereabouts>): string => url;

/** `status.administeredAt`: what is run here has an address of its own at each start. */
export const administeredAt = ({ login, members }: Pick<Broker, 'login' | 'members'>): string | undefined =>
  members === undefined ? login.url : undefined;

/** `status.endpoint` of a RabbitMQ on which claims stand. */
export const endpointOf = ({ hosts }: Pick<Broker, 'hosts'>): string => hosts.join(',');

function brokerAt(scope: Scope, rabbitmq: Readonly<RabbitMQ>, externalSecret: string | undefined): Outcome<Broker> {
  return externalSecret === undefined ? managedBroker(scope, rabbitmq) : externalBroker(scope, externalSecret);
}

function managedBroker(scope: Scope, rabbitmq: Readonly<RabbitMQ>): Outcome<Broker> {
  const { name = '' } = rabbitmq.metadata ?? {};
  const { replicas } = rabbitmq.spec;
  const broker = managedServer(scope, { name, portName: 'management', passwordSecret: adminPasswordSecret(name) });
  if (broker.state !== 'Done') return broker;
  // One is known by the Service, so that nothing changes for its clients when its Pod does.
  const hosts = replicas > 1 ? podNames(rabbitmq, { clientService }) : [`${name}.${scope.namespace}.svc`];
  return done({
    login: { url: urlOf(broker.output), username: administrator, password: broker.output.password },
    hosts: hosts.map((host) => `${host}:${ports.amqp}`),
    members: replicas,
  });
}

const urlOf = ({ host, port }: Endpoint): string => `http://${host.includes(':') ? `[${host}]` : host}:${port}`;

function externalBroker(scope: Scope, name: string): Outcome<Broker> {
  const use = { name, service: 'rabbitmq', field: 'spec.external.secretRef' };
  const secret = usableLines(scope, use, externalBrokerKeys);
  if (secret.state !== 'Done') return secret;
  const { management_url: management, username, password } = secret.output;
  const malformed = (message: string) =>
    failed(Reason.SecretIncomplete, `Secret ${name} (${use.field}) has ${message}`, {
      on: secretReference(name, scope),
    });
  const url = URL.canParse(management) ? new URL(management) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) {
    return malformed('no URL in "management_url", http or https and without credentials');
  }
  const hosts = secret.output.hosts.split(',').map((host) => host.trim());
  const wrong = hosts.findIndex((host) => !/^(\[[0-9a-fA-F:.]+\]|[^\s:@/[\]]+):[1-9][0-9]{0,4}$/.test(host));
  if (wrong >= 0) return malformed(`no "host:port" as number ${wrong + 1} of "hosts"`);
  const ca = authorityIn(scope, name);
  if (ca !== undefined && !isCertificate(ca)) return malformed('no certificate in PEM in "ca.crt"');
  return done({
    login: { url: url.href.replace(/(?<!\/)\/+$/, ''), username, password, ...(ca === undefined ? {} : { ca }) },
    hosts,
  });
}

function authorityIn(scope: Scope, name: string): string | undefined {
  const secret = scope.get(Secret, name);
  const checked = secret && valuesOf(secret, ['ca.crt']);
  return checked && 'values' in checked ? checked.values['ca.crt'] : undefined;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
