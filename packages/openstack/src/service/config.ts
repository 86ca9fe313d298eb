import { Reason } from '@stackwright/api';
import { done, failed, hashOf, waiting, type GraphBuilder, type Outcome, type StepHandle } from '@stackwright/core';
import { Secret } from '@stackwright/kube';
import { ConfigError, renderOsloConfig, type OsloConfig } from '../config/oslo-config.js';
import { checkFiles, mergeOverride } from '../config/override.js';
import { secretWith } from '../secrets/secret.js';
import type { ServiceClaims } from './credentials.js';
import type { Config, ConfigOptions, Release, ServiceObject } from './builder.js';

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
    owns: [Secret],
    run(scope): Outcome<Config> {
      const override = scope.object.spec.config ?? {};
      const rendered: Record<string, string> = {};
      try {
        const given = Object.entries(files).map(([file, render]): [string, OsloConfig | string] => [
          file,
          render(scope),
        ]);
        checkFiles(
          override,
          given.filter(([, content]) => typeof content !== 'string').map(([file]) => file),
        );
        for (const [file, content] of given) {
          rendered[file] =
            typeof content === 'string' ? content : renderOsloConfig(mergeOverride(file, content, override[file]));
        }
      } catch (error) {
        if (error instanceof ConfigError) return failed(Reason.InvalidConfig, error.message);
        throw error;
      }
      const secretName = `${scope.name}-${name.toLowerCase()}`;
      if (!scope.own(Secret, secretWith(secretName, rendered))) {
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
