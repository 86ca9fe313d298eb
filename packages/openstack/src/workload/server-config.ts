import { Reason } from '@stackwright/api';
import { done, hashOf, waiting, type GraphBuilder, type StepHandle, type StepScope } from '@stackwright/graph';
import { Secret } from '@stackwright/kube';
import { secretWith } from '../secrets/secret.js';
import type { ServerObject } from './server.js';

export const configSecret = (object: string): string => `${object}-config`;

/** Step 'Config': the Secret `<object>-config` with what a server reads when it starts, passwords among it. Gives its hash. */
export function serverConfigStep<R extends ServerObject>(
  g: GraphBuilder<R>,
  { files, after }: { files: (scope: StepScope<R>) => Readonly<Record<string, string>>; after: readonly StepHandle[] },
): StepHandle<string> {
  return g.step({
    name: 'Config',
    after,
    owns: [Secret],
    run(scope) {
      const wanted = files(scope);
      const name = configSecret(scope.name);
      return scope.own(Secret, secretWith(name, wanted))
        ? done(hashOf(wanted))
        : waiting(Reason.Pending, `Secret ${name} is being created`);
    },
  });
}
