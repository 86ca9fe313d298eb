// An IdentityClaim: users and an entry of the catalog in Keystone, and the Secret that says how to log in.
import { IdentityClaim, Reason } from '@stackwright/api';
import { done, type Graph, type Outcome, type StepScope } from '@stackwright/graph';
import {
  defineClaim,
  explainIdentity,
  firstClaim,
  sessionsOver,
  type ServiceSeams,
  type Sessions,
} from '@stackwright/openstack';
import { Keystone } from '../crd.js';
import { IdentityApi } from '../identity-api/identity-api.js';
import { changesOf, lossIn, makeChanges } from './changes.js';
import { connectionOf, usersOf, wantedOf } from './hand-out.js';
import { isSame, observeIdentity, type Access } from './identity.js';
import { serverOf, serverReads, type IdentityServer } from './provider.js';
import { removeIdentity } from './removal.js';

export function identityClaimGraph({ http }: ServiceSeams = {}): Graph<IdentityClaim> {
  const sessions = sessionsOver(http);
  return defineClaim(IdentityClaim, {
    provider: Keystone,
    reads: serverReads,
    server: serverOf,
    name: nameOutcome,
    users: usersOf,
    step: 'Identity',
    // Two dozen calls at first, and Keystone hashes passwords slowly, on purpose.
    timeout: 60_000,
    // Clients miss an endpoint that somebody deletes: sooner than what nobody but its consumer sees. Eight calls a claim.
    resync: 120_000,
    wanted: wantedOf,
    observe: (server, wanted, signal, runtime) =>
      observeIdentity(accessTo(runtime.of(sessions), server), wanted, signal),
    diff: changesOf,
    describe: ({ what }) => what,
    apply: (server, changes, _wanted, signal, runtime) =>
      makeChanges(accessTo(runtime.of(sessions), server), changes, signal),
    // A catalog that lists what is gone leads nowhere, whatever is kept.
    removeOn: 'Always',
    async remove({ claim, owner, reach }, signal, runtime) {
      const { user, domainAdmin, service, deletionPolicy } = claim.spec;
      if (deletionPolicy === 'Retain' && !service) return;
      const server = reach();
      const users = [
        { base: user.name, domain: user.domain },
        ...(domainAdmin ? [{ base: domainAdmin.user, domain: domainAdmin.domain }] : []),
      ];
      const removal = {
        owner,
        region: server.region,
        users: deletionPolicy === 'Delete' ? users : [],
        service: service?.type,
      };
      await removeIdentity(accessTo(runtime.of(sessions), server), removal, signal);
    },
    explain: explainIdentity,
    loss: lossIn,
    connection: connectionOf,
  });
}

function accessTo(sessions: Sessions, { login }: IdentityServer): Access {
  const { authUrl, ca, via } = login;
  const server = { authUrl, ...(ca === undefined ? {} : { ca }), ...(via ? { via } : {}) };
  return {
    admin: new IdentityApi(sessions.as(login)),
    as(credentials) {
      const session = sessions.as({ ...server, ...credentials });
      return { api: new IdentityApi(session), login: (signal) => session.login(signal) };
    },
  };
}

/** Of several claims for one user, one service or one domain's administrator the oldest has it. */
function nameOutcome(scope: StepScope<IdentityClaim>): Outcome<undefined> {
  const { provider, user, service, domainAdmin } = scope.object.spec;
  const others = (isRival: (spec: IdentityClaim['spec']) => boolean) => (claim: Readonly<IdentityClaim>) =>
    claim.spec.provider === provider && isRival(claim.spec);
  const users = ({ spec }: { spec: IdentityClaim['spec'] }) => [
    { domain: spec.user.domain, user: spec.user.name },
    ...(spec.domainAdmin ? [{ domain: spec.domainAdmin.domain, user: spec.domainAdmin.user }] : []),
  ];
  for (const mine of [{ domain: user.domain, user: user.name }, ...(domainAdmin ? [domainAdmin] : [])]) {
    const first = firstClaim(scope, {
      isRival: others((spec) =>
        users({ spec }).some((one) => isSame(one.domain, mine.domain) && isSame(one.user, mine.user)),
      ),
      reason: Reason.UserTaken,
      message: (older) =>
        `spec: the IdentityClaim ${older} has the user "${mine.user}" of domain "${mine.domain}" of Keystone ${provider}; choose another name`,
    });
    if (first.state !== 'Done') return first;
  }
  if (!service) return done();
  return firstClaim(scope, {
    isRival: others((spec) => spec.service?.type === service.type),
    reason: Reason.ServiceTaken,
    message: (older) =>
      `spec.service.type: the IdentityClaim ${older} has the service "${service.type}" in the catalog of Keystone ${provider}; delete one of the two`,
  });
}
