// The keys of keystone as steps: made once, then rotated without anybody noticing.
import { done, waiting, type StepHandle, type StepScope, type StatusScope } from '@stackwright/graph';
import { Reason } from '@stackwright/api';
import { formatTime, Secret } from '@stackwright/kube';
import type { Config, JobResult, Mount, ServiceBuilder } from '@stackwright/openstack';
import type { Keystone } from '../crd.js';
import type { Ledger } from './ledger.js';
import { credentialPolicy, fernetPolicy, propagationOf, tokenLife } from './policy.js';
import { fingerprintOf, primaryOf } from './repository.js';
import { keptKeys, patchOf, readKeys } from './secret.js';
import { tendKeys, type KeyState } from './tend.js';

type Scope = StepScope<Keystone>;

export const fernetKeys = ({ name }: Pick<Scope, 'name'>): string => `${name}-fernet-keys`;
export const credentialKeys = ({ name }: Pick<Scope, 'name'>): string => `${name}-credential-keys`;

/** Whether stored credentials are encrypted with the key that is primary. */
export interface Migration {
  primary: number;
  /** Since when, in milliseconds since the epoch; undefined before that is known. */
  since: number | undefined;
  isDone: boolean;
}

/** Done when the keys are there. What rotates them comes after, so that nothing of it ever stops the API. */
export function keysStep(s: ServiceBuilder<Keystone>): StepHandle<Migration> {
  return s.step({
    name: 'Keys',
    owns: [Secret],
    run(scope) {
      const { fernet: tokens, credential, config } = scope.object.spec;
      const now = scope.clock.now();
      const asked = (request: string | undefined) => (request === undefined ? {} : { requested: request });
      const fernet = keptKeys(scope, fernetKeys(scope), (keys) => ({
        keys: fingerprintOf(keys),
        ...{ changed: now, rotated: now, ...asked(tokens.rotate) },
        tokens: { [primaryOf(keys)]: { expiration: tokenLife(config).expiration } },
      }));
      const kept = keptKeys(scope, credentialKeys(scope), (keys) => ({
        keys: fingerprintOf(keys),
        ...{ changed: now, rotated: now, ...asked(credential.rotate) },
        migrated: primaryOf(keys),
      }));
      if (fernet.state !== 'Done') return fernet;
      if (kept.state !== 'Done') return kept;
      const { keys, ledger } = kept.output;
      const primary = primaryOf(keys);
      // Keys that somebody put there are noted first.
      const isKnown = ledger?.keys === fingerprintOf(keys);
      const since = isKnown ? ledger.rotated : undefined;
      return done({ primary, since, isDone: isKnown && ledger.migrated === primary });
    },
  });
}

export interface Rotations {
  fernet: StepHandle<KeyState>;
  credential: StepHandle<KeyState>;
}

export function rotationSteps(
  s: ServiceBuilder<Keystone>,
  given: {
    keys: StepHandle<Migration>;
    schema: StepHandle<JobResult>;
    config: StepHandle<Config>;
    mounts: (scope: Scope) => readonly Mount[];
  },
): Rotations {
  const { keys, schema, config, mounts } = given;

  const fernet = s.step({
    name: 'FernetRotation',
    after: [keys],
    owns: [Secret],
    run(scope) {
      const policy = fernetPolicy(scope.object.spec);
      if (policy.state !== 'Done') return policy;
      const kept = keptBy(scope, fernetKeys(scope));
      return kept.state === 'Done' ? tendKeys(scope, 'Fernet', kept.output, policy.output) : kept;
    },
  });

  // When no Pod encrypts with an earlier key any more: what it does must not have to be done again.
  const migrate = s.job({
    name: 'CredentialMigrate',
    config,
    mounts,
    after: [schema, keys],
    background: true,
    when(scope) {
      const { since, isDone } = scope.output(keys);
      if (isDone || since === undefined) return false;
      return scope.clock.now() >= since + propagationOf(scope.object.spec.credential.rotation);
    },
    inputs(scope) {
      const { primary, since = 0 } = scope.output(keys);
      return { primary, since };
    },
  });

  const credential = s.step({
    name: 'CredentialRotation',
    after: [keys, migrate],
    owns: [Secret],
    run(scope) {
      const policy = credentialPolicy(scope.object.spec);
      if (policy.state !== 'Done') return policy;
      const kept = keptBy(scope, credentialKeys(scope));
      if (kept.state !== 'Done') return kept;
      const { secret, keys: repository, ledger } = kept.output;
      const { primary, isDone } = scope.output(keys);
      if (ledger && !isDone && scope.output(migrate).job !== undefined) {
        const after: Ledger = { ...ledger, migrated: primary };
        scope.amend(Secret, secret, () => ({ patch: patchOf(repository, repository, after) }));
        return waiting(Reason.Pending, `Secret ${credentialKeys(scope)} is being changed`);
      }
      return tendKeys(scope, 'Credential', kept.output, policy.output);
    },
  });
  return { fernet, credential };
}

function keptBy(scope: StepScope<Keystone, typeof Secret, typeof Secret>, name: string) {
  const secret = scope.get(Secret, name);
  return secret ? readKeys(scope, secret) : waiting(Reason.Pending, `Secret ${name} is being created`);
}

/** As it was, where it cannot be told now. */
export function keyStatus(scope: StatusScope<Keystone>, { fernet, credential }: Rotations): object {
  const before = scope.object.status;
  const say = (state: KeyState | undefined) =>
    state && {
      primary: state.primary,
      keys: state.count,
      lastRotation: formatTime(state.lastRotation),
      ...(state.nextRotation === undefined ? {} : { nextRotation: formatTime(state.nextRotation) }),
    };
  return {
    fernet: say(scope.output(fernet)) ?? before?.fernet,
    credential: say(scope.output(credential)) ?? before?.credential,
  };
}
