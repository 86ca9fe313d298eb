// A MessagingClaim as a graph: a name nobody else has, a password, the virtual host with its users, and the Secret that says
// where it is.
import { MessagingClaim, Reason, type MessagingConnection } from '@stackwright/api';
import { defineGraph, failed, type Graph, type Outcome, type StepScope } from '@stackwright/core';
import { Secret } from '@stackwright/kube';
import {
  credentialClaimStatus,
  credentialsOf,
  firstClaim,
  ownConnection,
  readyProvider,
  removeDropped,
  type ClaimCredentials,
  type Credential,
  type Http,
} from '@stackwright/openstack';
import { brokerOf, brokerReads, reachableBroker } from '../broker/login.js';
import { RabbitMQ } from '../crd.js';
import { Management } from '../management/client.js';
import { explain } from '../management/explain.js';
import {
  applyChange,
  changesOf,
  describeChange,
  dropVhost,
  observeVhost,
  type ObservedVhost,
  type VhostChange,
  type WantedVhost,
} from '../management/vhosts.js';

type Scope = StepScope<MessagingClaim>;

export function messagingClaimGraph(http: Http): Graph<MessagingClaim> {
  const credentialsStep = 'Password';
  return defineGraph(
    MessagingClaim,
    (g) => {
      const name = g.step({ name: 'Name', reads: [MessagingClaim], run: nameOutcome });

      const provider = g.step({
        name: 'Provider',
        reads: [RabbitMQ, ...brokerReads],
        run(scope) {
          const rabbitmq = readyProvider(scope, RabbitMQ, scope.object.spec.provider);
          if (rabbitmq.state !== 'Done') return rabbitmq;
          const broker = brokerOf(scope, rabbitmq.output);
          return broker.state === 'Done' && broker.output.login.username === scope.object.spec.vhost
            ? failed(
                Reason.InvalidSpec,
                `spec.vhost: "${scope.object.spec.vhost}" is the administrator's name; choose another one`,
              )
            : broker;
        },
      });

      const credentials = g.step({
        name: credentialsStep,
        after: [name],
        owns: [Secret],
        run: (scope) => credentialsOf(scope, { base: scope.object.spec.vhost }),
      });

      const wanted = (scope: Scope): WantedVhost => {
        const { current, superseded, dropped } = scope.output(credentials);
        // Whose Secret has lost the password works on with the one that the broker knows.
        const users = [current, ...superseded].filter(({ password }) => password !== '');
        return { vhost: scope.object.spec.vhost, owner: ownerOf(scope), users, dropped };
      };
      const manage = (scope: Scope, signal: AbortSignal) => new Management(http, scope.output(provider).login, signal);

      const vhost = g.external<ObservedVhost, VhostChange, undefined>({
        name: 'Vhost',
        after: [name, provider, credentials],
        reads: [RabbitMQ, ...brokerReads],
        observe: (scope, signal) => observeVhost(manage(scope, signal), wanted(scope)),
        diff: (scope, observed) => changesOf(wanted(scope), observed),
        describe: describeChange,
        async apply(scope, changes, signal) {
          for (const change of changes) await applyChange(manage(scope, signal), wanted(scope), change);
        },
        output: () => undefined,
        removeOn: 'DeletePolicy',
        remove: (scope, signal) => removeVhost(http, scope, signal),
        explain,
      });

      g.step({
        name: 'Connection',
        after: [provider, credentials, vhost],
        owns: [Secret],
        run(scope) {
          const { hosts } = scope.output(provider);
          return ownConnection(scope, connectionOf(hosts, scope.object.spec.vhost, scope.output(credentials).current));
        },
      });

      g.step({
        name: 'Superseded',
        after: [credentials, vhost],
        owns: [Secret],
        run: (scope) => removeDropped(scope, scope.output(credentials)),
      });
    },
    { status: (scope) => credentialClaimStatus(scope, scope.output<ClaimCredentials>({ name: credentialsStep })) },
  );
}

const ownerOf = ({ namespace, name }: Pick<Scope, 'namespace' | 'name'>): string => `${namespace}/${name}`;

function nameOutcome(scope: Scope): Outcome<undefined> {
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

/** With the broker itself gone, or going, there is nothing left to delete. */
async function removeVhost(http: Http, scope: Scope, signal: AbortSignal): Promise<void> {
  const { provider, vhost } = scope.object.spec;
  const rabbitmq = scope.get(RabbitMQ, provider);
  if (!rabbitmq || rabbitmq.metadata?.deletionTimestamp) return;
  const { login } = reachableBroker(scope, rabbitmq);
  await dropVhost(new Management(http, login, signal), vhost, ownerOf(scope));
}
