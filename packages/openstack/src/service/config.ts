import { Reason } from '@stackwright/api';
import type { Random } from '@stackwright/core';
import {
  done,
  failed,
  hashOf,
  Label,
  waiting,
  type Outcome,
  type StepHandle,
  type StepScope,
} from '@stackwright/graph';
import { Secret } from '@stackwright/kube';
import { ConfigError, mergeConfigs, renderOsloConfig, type OsloConfig } from '../config/oslo-config.js';
import { checkFiles, mergeOverride, type Override } from '../config/override.js';
import { closedSection } from '../config/sections.js';
import { resolveSecrets, type ResolvedOverride } from '../config/secret-values.js';
import { sealedCacheEnv, sealedCacheFiles } from '../config/sealed-cache.js';
import { secretHash } from '../secrets/hash.js';
import { problemForOslo } from '../secrets/text.js';
import { secretReference, usableLines } from '../secrets/usable-by.js';
import { newPassword } from '../secrets/password.js';
import { secretWith } from '../secrets/secret.js';
import { wantVersion, versionName } from '../workload/versions.js';
import type { Cache, Config, ConfigOptions, Release, ServiceObject } from './builder.js';
import { checkOwns, verdictOn } from './config-check.js';
import { claimedIn } from './credentials.js';
import type { Declaration } from './declaration.js';
import { kebab } from './names.js';

/**
 * A Secret, since a configuration holds passwords; one for each content, so that what runs keeps its own. One that is not
 * acceptable changes nothing of what runs.
 */
export function configStep<R extends ServiceObject>(
  { g, release, pods }: Declaration<R>,
  { files, directory, after = [], name = 'Config' }: ConfigOptions<R>,
): StepHandle<Config> {
  const component = kebab(name);
  return g.step({
    name,
    after: [release, ...after],
    owns: checkOwns,
    reads: pods.reads(Secret),
    run(scope): Outcome<Config> {
      const facts = scope.output(release);
      const values = userValues(scope, facts);
      if (values.state !== 'Done') return values;
      const rendering = renderFiles(scope, files, values.output.override);
      if (rendering.state !== 'Done') return rendering;
      const { merged, rendered } = rendering.output;

      const base = `${scope.name}-${component}`;
      const salt = saltOf(scope, `${base}-salt`);
      if (salt.state !== 'Done') return salt;
      const verdict = verdictOn(scope, facts, { ...values.output, files: merged, salt: salt.output }, base);
      if (verdict.state !== 'Done') return verdict;
      const { annotations, remarks } = verdict.output;
      const { credentials, userIds, authorities } = claimedIn(scope, after);
      const usesCache = after.some((step) => isCache(scope.output(step)));
      const more = [...authorities, ...(usesCache ? sealedCacheFiles(hashOf(['cache', salt.output])) : [])];
      const content = { ...rendered, ...Object.fromEntries(more.map((one) => [one.key, one.content])) };
      const hash = secretHash(salt.output, content);
      const secretName = versionName(base, hash);
      const labels = { [Label.component]: component };
      const secret = { ...secretWith(base, content), metadata: { name: base, labels, annotations } };
      if (!wantVersion(scope, pods, Secret, secret, hash)) {
        return waiting(Reason.Pending, `Secret ${secretName} is being created`);
      }
      const mounts = [
        ...Object.keys(rendered).map((file) => ({ path: `${directory}/${file}`, file })),
        ...more.map(({ path, key: file }) => ({ path, file })),
      ].map((mount) => ({ ...mount, secret: secretName, base }));
      const config = { secretName, hash, mounts, credentials, userIds, env: usesCache ? sealedCacheEnv : [] };
      return done(config, remarks ? { warning: { reason: Reason.DeprecatedConfig, message: remarks } } : {});
    },
  });
}

/** Names that all may see end in hashes of what few may see: with this, which is as secret, they are no way to guess it. */
function saltOf<R extends ServiceObject>(scope: StepScope<R>, name: string): Outcome<string> {
  const make = (random: Random) => ({ ...secretWith(name, { salt: newPassword(random) }), immutable: true });
  // An object that is made again calls the same by the same names.
  const secret = scope.ownOnce(Secret, name, make, { retain: true });
  return secret ? done(hashOf(secret.data)) : waiting(Reason.Pending, `Secret ${name} is being created`);
}

/** What a CacheClaim gave. */
const isCache = (output: unknown): output is Cache =>
  typeof output === 'object' && output !== null && 'servers' in output && 'secretName' in output;

interface Rendering {
  /** Those that are for oslo.config, before they are text. */
  merged: Record<string, OsloConfig>;
  rendered: Record<string, string>;
}

function renderFiles<R extends ServiceObject>(
  scope: StepScope<R>,
  files: ConfigOptions<R>['files'],
  override: Override,
): Outcome<Rendering> {
  const merged: Record<string, OsloConfig> = {};
  const rendered: Record<string, string> = {};
  const given = Object.entries(files).flatMap(([file, render]) => {
    const content = render(scope);
    return content === undefined ? [] : [{ file, content }];
  });
  const ours = given.filter(({ content }) => typeof content !== 'string').map(({ file }) => file);
  try {
    checkFiles(override, ours);
    for (const { file, content } of given) {
      if (typeof content === 'string') {
        rendered[file] = content;
      } else {
        const config = (merged[file] = mergeOverride(file, mergeConfigs(closedSection(), content), override[file]));
        rendered[file] = renderOsloConfig(config);
      }
    }
  } catch (error) {
    if (error instanceof ConfigError) return failed(Reason.InvalidConfig, error.message);
    throw error;
  }
  return done({ merged, rendered });
}

/** `spec.config`, with what it takes from Secrets. */
function userValues<R extends ServiceObject>(scope: StepScope<R>, { service }: Release): Outcome<ResolvedOverride> {
  return resolveSecrets(scope.object.spec.config ?? {}, ({ name, key }, field) => {
    const values = usableLines(scope, { name, service, field }, [key]);
    if (values.state !== 'Done') return values;
    const value = values.output[key] ?? '';
    const unreadable = problemForOslo(value);
    if (!unreadable) return done(value);
    const message = `Secret ${name} (${field}): "${key}" ${unreadable.problem}`;
    return failed(Reason.SecretIncomplete, message, { on: secretReference(name, scope) });
  });
}
