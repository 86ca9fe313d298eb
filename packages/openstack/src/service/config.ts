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
import { checkFiles, mergeOverride } from '../config/override.js';
import { resolveSecrets, type ResolvedOverride } from '../config/secret-values.js';
import { offeredSecret, offeredValues } from '../secrets/offered.js';
import { secretWith } from '../secrets/secret.js';
import type { Config, ConfigOptions, Release, ServiceObject } from './builder.js';
import { checkConfig, checkOwns, checkReads, configCheckFor, forgetChecks } from './config-check.js';
import type { ServiceClaims } from './credentials.js';

/** On the configuration that runs: the hash of what was checked before it was written. */
const checkedAnnotation = 'stackwright.dev/checked-config';

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
      const { override, isSecret, salt } = values.output;
      const rendered: Record<string, string> = {};
      const merged: Record<string, OsloConfig> = {};
      try {
        const given = Object.entries(files).map(([file, render]) => ({ file, content: render(scope) }));
        checkFiles(
          override,
          given.filter(({ content }) => typeof content !== 'string').map(({ file }) => file),
        );
        for (const { file, content } of given) {
          if (typeof content !== 'string') merged[file] = mergeOverride(file, content, override[file]);
          rendered[file] = typeof content === 'string' ? content : renderOsloConfig(merged[file] ?? {});
        }
      } catch (error) {
        if (error instanceof ConfigError) return failed(Reason.InvalidConfig, error.message);
        throw error;
      }

      const secretName = `${scope.name}-${name.toLowerCase()}`;
      const check =
        scope.object.spec.configValidation === 'Off'
          ? undefined
          : configCheckFor(facts, { files: merged, override, isSecret, salt });
      const purpose = `${name.toLowerCase()}-check`;
      if (check && scope.get(Secret, secretName)?.metadata?.annotations?.[checkedAnnotation] !== check.hash) {
        const checked = checkConfig(scope, facts, { ...check, purpose });
        if (checked.state !== 'Done') return checked;
      } else {
        forgetChecks(scope, purpose);
      }
      const secret = secretWith(secretName, rendered);
      const annotations = check ? { [checkedAnnotation]: check.hash } : {};
      if (!scope.own(Secret, { ...secret, metadata: { ...secret.metadata, annotations } })) {
        return waiting(Reason.Pending, `Secret ${secretName} is being created`);
      }
      const { credentials, authorities, mounts } = claims.usedBy(scope, after);
      const own = Object.keys(rendered).map((file) => ({ path: `${directory}/${file}`, secret: secretName, file }));
      return done({
        secretName,
        hash: hashOf(authorities.length === 0 ? rendered : { rendered, authorities }),
        mounts: [...own, ...mounts],
        credentials,
      });
    },
  });
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
