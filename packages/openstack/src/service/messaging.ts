import { MessagingClaim, messagingConnectionKeys } from '@stackwright/api';
import { done, type Outcome, type StepHandle } from '@stackwright/graph';
import { optionalForm, Secret } from '@stackwright/kube';
import type { Messaging, MessagingOptions, ServiceObject } from './builder.js';
import { credentialFields, fulfilled } from './claims.js';
import type { Declaration } from './declaration.js';
import { partName } from './names.js';

/** A virtual host on the message broker. */
export function messagingStep<R extends ServiceObject>(
  { g, service, release, pods }: Declaration<R>,
  { name = 'Messaging', vhost = service, when }: MessagingOptions<R>,
): StepHandle<Messaging | undefined> {
  // A cloud without a broker has no such kind, and a service that can do without must not wait for it.
  const kind = when ? optionalForm(MessagingClaim) : MessagingClaim;
  return g.step({
    name,
    after: [release],
    owns: [kind],
    reads: pods.reads(Secret),
    run(scope): Outcome<Messaging | undefined> {
      if (when && !when(scope.object)) return done();
      const { metadata, rotation } = credentialFields(scope, pods, MessagingClaim, partName(scope.name, name));
      const { deletionPolicy } = scope.object.spec;
      const claim = fulfilled(
        scope,
        MessagingClaim,
        {
          metadata,
          spec: { provider: 'rabbitmq', vhost, ...rotation, deletionPolicy },
        },
        messagingConnectionKeys,
      );
      if (claim.state !== 'Done') return claim;
      const { secretName, values } = claim.output;
      const { transport_url: transportUrl, hosts, vhost: given, username, password } = values;
      return done({
        ...{ claim: metadata.name, transportUrl, hosts: listOf(hosts), vhost: given },
        ...{ username, password, secretName },
      });
    },
  });
}

const listOf = (text: string): string[] => text.split(',').map((item) => item.trim());
