// A MessagingClaim: a virtual host with a user on it, and the Secret that says where it is.
import { MessagingClaim, Reason, type MessagingConnection } from '@stackwright/api';
import { failed, type Graph, type Outcome, type StepScope } from '@stackwright/core';
import { defineClaim, firstClaim, type Credential, type Http } from '@stackwright/openstack';
import { brokerOf, brokerReads, type Broker } from '../broker/login.js';
import { RabbitMQ } from '../crd.js';
import { Management } from '../management/client.js';
import { explain } from '../management/explain.js';
import {
  applyChange,
  changesOf,
  describeChange,
  dropVhost,
  observeVhost,
  type WantedVhost,
} from '../management/vhosts.js';

export function messagingClaimGraph(http: Http): Graph<MessagingClaim> {
  const manage = ({ login }: Broker, signal: AbortSignal) => new Management(http, login, signal);
  return defineClaim(MessagingClaim, {
    provider: RabbitMQ,
    reads: brokerReads,
    server: brokerWithout,
    // Of a cluster that grows, the brokers that are not there yet.
    holdsOnlyWhenReady: true,
    name: nameOutcome,
    users: ({ spec }) => ({ user: { base: spec.vhost } }),
    step: 'Vhost',
    wanted({ claim, owner, users: { user } }): WantedVhost {
      const { current, superseded, dropped } = user;
      // Whose Secret has lost the password works on with the one that the broker knows.
      const users = [current, ...superseded].filter(({ password }) => password !== '');
      return { vhost: claim.spec.vhost, owner, users, dropped };
    },
    observe: (broker, wanted, signal) => observeVhost(manage(broker, signal), wanted),
    diff: changesOf,
    describe: describeChange,
    async apply(broker, changes, wanted, signal) {
      for (const change of changes) await applyChange(manage(broker, signal), wanted, change);
    },
    remove: ({ claim, owner, reach }, signal) => dropVhost(manage(reach(), signal), claim.spec.vhost, owner),
    explain,
    connection: ({ claim, server, users }) => connectionOf(server.hosts, claim.spec.vhost, users.user.current),
  });
}

/** The administrator is nobody's user. */
function brokerWithout(scope: StepScope<MessagingClaim>, rabbitmq: Readonly<RabbitMQ>): Outcome<Broker> {
  const broker = brokerOf(scope, rabbitmq);
  const { vhost } = scope.object.spec;
  return broker.state === 'Done' && broker.output.login.username === vhost
    ? failed(Reason.InvalidSpec, `spec.vhost: "${vhost}" is the administrator's name; choose another one`)
    : broker;
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
function connectionOf(
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
