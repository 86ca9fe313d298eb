import { Reason } from '@stackwright/api';
import {
  done,
  failed,
  hashOf,
  waiting,
  type GraphBuilder,
  type Outcome,
  type StepHandle,
  type StepScope,
} from '@stackwright/core';
import { Secret } from '@stackwright/kube';
import { ConfigError, renderOsloConfig, type OsloConfig } from '../config/oslo-config.js';
import { checkFiles, mergeOverride, type Override } from '../config/override.js';
import { resolveSecrets, type ResolvedOverride } from '../config/secret-values.js';
import { offeredSecret, offeredValues } from '../secrets/offered.js';
import { secretWith } from '../secrets/secret.js';
import type { Config, ConfigOptions, Release, ServiceObject } from './builder.js';
import { checkOwns, checkReads, verdictOn } from './config-check.js';
import type { ServiceClaims } from './credentials.js';

/** A Secret, since a configuration holds passwords. One that is not acceptable changes nothing of what runs. */
export function configStep<R extends ServiceObject>(
  g: GraphBuilder<R>,
  release: StepHandle<Release>,
  claims: ServiceClaims,
  { files, directory, after = [], name = 'Config' }: ConfigOptions<R>,
): StepHandle<Config> {
  return g.step({
    name,
    after: [release, ...after],
    owns: checkOwns,
    reads: [Secret, ...checkReads],
    run(scope): Outcome<Config> {
      const facts = scope.output(release);
      const values = userValues(scope, facts);
      if (values.state !== 'Done') return values;
      const rendering = renderFiles(scope, files, values.output.override);
      if (rendering.state !== 'Done') return rendering;
      const { merged, rendered } = rendering.output;

      const secretName = `${scope.name}-${name.toLowerCase()}`;
      const verdict = verdictOn(scope, facts, { ...values.output, files: merged }, secretName);
      if (verdict.state !== 'Done') return verdict;
      const { annotations, remarks } = verdict.output;
      const secret = secretWith(secretName, rendered);
      if (!scope.own(Secret, { ...secret, metadata: { ...secret.metadata, annotations } })) {
        return waiting(Reason.Pending, `Secret ${secretName} is being created`);
      }
      const { credentials, authorities, mounts } = claims.usedBy(scope, after);
      const own = Object.keys(rendered).map((file) => ({ path: `${directory}/${file}`, secret: secretName, file }));
      const config = {
        secretName,
        hash: hashOf(authorities.length === 0 ? rendered : { rendered, authorities }),
        mounts: [...own, ...mounts],
        credentials,
      };
      return done(config, remarks ? { warning: { reason: Reason.DeprecatedConfig, message: remarks } } : {});
    },
  });
}

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
  const given = Object.entries(files).map(([file, render]) => ({ file, content: render(scope) }));
  const ours = given.filter(({ content }) => typeof content !== 'string').map(({ file }) => file);
  try {
    checkFiles(override, ours);
    for (const { file, content } of given) {
      if (typeof content === 'string') {
        rendered[file] = content;
      } else {
        const config = (merged[file] = mergeOverride(file, content, override[file]));
        rendered[file] = renderOsloConfig(config);
      }
    }
  } catch (error) {
    if (error instanceof ConfigError) return failed(Reason.InvalidConfig, error.message);
    throw error;
  }
  return done({ merged, rendered });
}

/** `spec.config`, and what it takes from Secrets. */
function userValues<R extends ServiceObject>(
  scope: StepScope<R>,
  { service }: Release,
): Outcome<ResolvedOverride & { salt: readonly string[] }> {
  const salt = new Set<string>();
  const resolved = resolveSecrets(scope.object.spec.config ?? {}, ({ name, key }, field) => {
    const offer = { name, service, field };
    const secret = offeredSecret(scope, offer);
    if (secret.state !== 'Done') return secret;
    salt.add(secret.output.metadata?.uid ?? '');
    const values = offeredValues(scope, offer, [key]);
    return values.state === 'Done' ? done(values.output[key] ?? '') : values;
  });
  return resolved.state === 'Done' ? done({ ...resolved.output, salt: [...salt] }) : resolved;
}
