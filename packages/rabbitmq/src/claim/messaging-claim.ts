// A MessagingClaim: a virtual host with a user on it, and the Secret that says where it is.
import { annotations, isReady, MessagingClaim, Reason, type MessagingConnection } from '@stackwright/api';
import { done, failed, type Graph, type Outcome, type StepScope } from '@stackwright/graph';
import {
  connectionSecret,
  defineClaim,
  firstClaim,
  isUserOf,
  valuesOf,
  type Credential,
  type Http,
} from '@stackwright/openstack';
import { Secret } from '@stackwright/kube';
import { brokerInUse, brokerReads, type Broker } from '../broker/login.js';
import { RabbitMQ } from '../crd.js';
import { Management } from '../management/client.js';
import { explain } from '../management/explain.js';
import { applyChange, changesOf, describeChange, dropVhost } from '../management/vhosts/change.js';
import { observeVhost } from '../management/vhosts/observe.js';
import type { HadVhost, WantedVhost } from '../management/vhosts/vhost.js';

export function messagingClaimGraph(http: Http): Graph<MessagingClaim> {
  const manage = ({ login }: Broker, signal: AbortSignal) => new Management(http, login, signal);
  return defineClaim(MessagingClaim, {
    provider: RabbitMQ,
    reads: brokerReads,
    server: serverOf,
    name: nameOutcome,
    users: ({ spec }) => ({ user: { base: spec.vhost } }),
    step: 'Vhost',
    wanted({ claim, owner, noted, users: { user } }): WantedVhost {
      const { current, superseded, dropped } = user;
      // Whose Secret has lost the password works on with the one that the broker knows.
      const users = [current, ...superseded].filter(({ password }) => password !== '');
      const had = hadBy(claim, noted(vhostIdNote));
      return { vhost: claim.spec.vhost, owner, had, isKnown: isKnown(claim), users, dropped };
    },
    observe: (broker, wanted, signal) => observeVhost(manage(broker, signal), wanted),
    diff: changesOf,
    describe: describeChange,
    async apply(broker, changes, wanted, signal, { random }) {
      const newId = Buffer.from(random.bytes(16)).toString('hex');
      for (const change of changes) await applyChange(manage(broker, signal), wanted, change, newId);
    },
    remove({ claim, owner, kept, reach }, signal) {
      const wanted = { vhost: claim.spec.vhost, owner, isKnown: isKnown(claim), users: kept };
      return dropVhost(manage(reach(), signal), wanted);
    },
    explain,
    loss({ status }, change) {
      if (status?.secretName === undefined) return undefined;
      const lost = 'queues and messages that were in it are lost';
      if (change.kind === 'CreateVhost') return `The virtual host was gone, and is made again: ${lost}`;
      const isAnother = change.kind === 'SetVhost' && change.isAnother;
      return isAnother ? `The virtual host was gone, and an empty one of its name is taken: ${lost}` : undefined;
    },
    // A claim that is made again, and finds what it had by its name, shall not take another one for it.
    notes: ({ id }) => (id === undefined ? {} : { [vhostIdNote]: id }),
    status: ({ status }, observed) => ({ vhostId: observed?.id ?? status?.vhostId }),
    connection: ({ claim, server, users }) => connectionOf(server.hosts, claim.spec.vhost, users.user.current),
  });
}

/** On the Secret of the password: the id of the virtual host that it is for. */
const vhostIdNote = 'stackwright.dev/vhost-id';

function hadBy({ metadata, status }: Readonly<MessagingClaim>, noted: string | undefined): HadVhost | undefined {
  const id = status?.vhostId ?? noted;
  return id === undefined
    ? undefined
    : { id, isGivenUp: metadata?.annotations?.[annotations.acceptVirtualHost] === id };
}

/** The virtual host of its mark is the claim's own: it was handed out by this one, or somebody has said so. */
const isKnown = ({ metadata, spec, status }: Readonly<MessagingClaim>): boolean =>
  status?.username !== undefined ||
  status?.secretName !== undefined ||
  metadata?.annotations?.[annotations.acceptVirtualHost] === spec.vhost;

function serverOf(scope: StepScope<MessagingClaim>, rabbitmq: Readonly<RabbitMQ>): Outcome<Broker> {
  const broker = brokerInUse(scope, rabbitmq);
  if (broker.state !== 'Done') return broker;
  const { vhost } = scope.object.spec;
  // The administrator is nobody's user.
  if (isUserOf(vhost, broker.output.login.username)) {
    return failed(
      Reason.InvalidSpec,
      `spec.vhost: a user of "${vhost}" would have the administrator's name; choose another one`,
    );
  }
  // Of a cluster that grows, the brokers that are asked for are not there yet.
  const hosts = isReady(rabbitmq) ? undefined : knownHosts(scope);
  return hosts ? done({ ...broker.output, hosts }) : broker;
}

/** Whom clients have been told of. */
function knownHosts(scope: StepScope<MessagingClaim>): string[] | undefined {
  const secret = scope.get(Secret, connectionSecret(scope.name));
  const known = secret && valuesOf(secret, ['hosts']);
  return known && 'values' in known ? known.values.hosts.split(',') : undefined;
}

function nameOutcome(scope: StepScope<MessagingClaim>): Outcome<undefined> {
  const { provider, vhost } = scope.object.spec;
  return firstClaim(scope, {
    isRival: ({ spec }) => spec.provider === provider && spec.vhost === vhost,
    reason: Reason.VhostTaken,
    message: (older) =>
      `spec.vhost: the MessagingClaim ${older} has the virtual host "${vhost}" of RabbitMQ ${provider}; choose another name`,
  });
}

/** oslo.messaging wants the credentials once per host. */
export function connectionOf(
  hosts: readonly string[],
  vhost: string,
  { username, password }: Pick<Credential, 'username' | 'password'>,
): MessagingConnection {
  const credentials = `${encodeURIComponent(username)}:${encodeURIComponent(password)}`;
  const servers = hosts.map((host) => `${credentials}@${host}`).join(',');
  return {
    transport_url: `rabbit://${servers}/${encodeURIComponent(vhost)}`,
    hosts: hosts.join(','),
    vhost,
    username,
    password,
  };
}
