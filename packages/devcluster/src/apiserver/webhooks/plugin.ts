// Admission webhooks, in the order of a real server: those that change objects one after the other, by the name of
// their configuration, and those that check them all at once.
import type { MutatingWebhookConfiguration, ValidatingWebhookConfiguration } from '@stackwright/kube';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.js';
import type { ServerContext } from '../context.js';
import { clone, equal, type ApiObject } from '../json.js';
import type { Store } from '../store/store.js';
import { decodeAs, withDefaults } from '../verbs/decode.js';
import type { WebhookCaller } from './client.js';
import { review, type Webhook } from './review.js';

export const MUTATING = 'admissionregistration.k8s.io/mutatingwebhookconfigurations';
export const VALIDATING = 'admissionregistration.k8s.io/validatingwebhookconfigurations';

const webhooksOf = (store: Store, resource: string): Webhook[] =>
  store
    .list(resource)
    .flatMap(
      (object) => (object as unknown as MutatingWebhookConfiguration | ValidatingWebhookConfiguration).webhooks ?? [],
    );

export function webhooks(context: ServerContext, caller: WebhookCaller): AdmissionPlugin {
  return {
    name: 'Webhooks',
    mutate(attributes) {
      const found = webhooksOf(context.store, MUTATING);
      return found.length === 0 ? undefined : mutate(context, caller, found, attributes);
    },
    async validate(attributes) {
      const found = webhooksOf(context.store, VALIDATING);
      if (found.length === 0) return;
      const results = await Promise.allSettled(found.map((webhook) => review(context, caller, webhook, attributes)));
      const refusal = results.find((result) => result.status === 'rejected');
      if (refusal) throw refusal.reason;
    },
  };
}

async function mutate(
  context: ServerContext,
  caller: WebhookCaller,
  webhooks: readonly Webhook[],
  attributes: AdmissionAttributes,
): Promise<void> {
  /** The object as each webhook left it. */
  const left = new Map<Webhook, ApiObject | undefined>();
  const call = async (webhook: Webhook): Promise<void> => {
    const changed = await review(context, caller, webhook, attributes);
    if (changed && attributes.object) become(attributes, attributes.object, changed);
    left.set(webhook, clone(attributes.object));
  };
  for (const webhook of webhooks) await call(webhook);
  // Once more those that want to see what others made of it after them.
  for (const webhook of webhooks) {
    if (webhook.reinvocationPolicy === 'IfNeeded' && !equal(left.get(webhook), attributes.object)) await call(webhook);
  }
}

/** What a webhook made of the object is decoded like any client's. */
function become({ resource }: AdmissionAttributes, object: ApiObject, changed: ApiObject): void {
  const decoded = withDefaults(resource, decodeAs(resource, changed).object);
  for (const name of Object.keys(object)) delete object[name];
  Object.assign(object, decoded);
}
