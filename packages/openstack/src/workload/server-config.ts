import { Reason } from '@stackwright/api';
import { done, waiting, type GraphBuilder, type StepHandle, type StepScope } from '@stackwright/graph';
import { Secret } from '@stackwright/kube';
import { secretHash } from '../secrets/hash.js';
import { secretWith } from '../secrets/secret.js';
import type { ServerObject } from './server.js';

export const configSecret = (object: string): string => `${object}-config`;

export interface ServerConfigOptions<R extends ServerObject> {
  files: (scope: StepScope<R>) => Readonly<Record<string, string>>;
  /** What only readers of its passwords know: without it who sees the hash could try passwords on it. */
  salt: (scope: StepScope<R>) => string;
  after: readonly StepHandle[];
}

/** Step 'Config': the Secret `<object>-config` with what a server reads when it starts, passwords among it. Gives its fingerprint. */
export function serverConfigStep<R extends ServerObject>(
  g: GraphBuilder<R>,
  { files, salt, after }: ServerConfigOptions<R>,
): StepHandle<string> {
  return g.step({
    name: 'Config',
    after,
    owns: [Secret],
    run(scope) {
      const wanted = files(scope);
      const name = configSecret(scope.name);
      return scope.own(Secret, secretWith(name, wanted))
        ? done(secretHash(salt(scope), wanted))
        : waiting(Reason.Pending, `Secret ${name} is being created`);
    },
  });
}
