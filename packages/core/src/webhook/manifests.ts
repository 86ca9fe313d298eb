// What makes the API server call the webhooks, from the declarations that answer it.
import { crdOf, qualifiedName, type CustomResource, type KubeObject, type Resource } from '@stackwright/kube';
import { conversionPath, operationsOf, pathOfWebhook, type Operation, type Webhook } from './webhook.js';

/** Where the API server finds the webhook server: a Service, or an address for processes that run outside. */
export type WebhookTarget = (
  | { service: { namespace: string; name: string; /** Default 443. */ port?: number } }
  | { /** "https://host:9443" */ url: string }
) & {
  /** PEM of the authority that signed the server's certificate. Default: left out, for cert-manager to fill in. */
  ca?: string;
};

interface ClientConfig {
  service?: { namespace: string; name: string; port: number; path: string };
  url?: string;
  caBundle?: string;
}

interface WebhookEntry {
  name: string;
  clientConfig: ClientConfig;
  rules: {
    apiGroups: string[];
    apiVersions: string[];
    operations: readonly Operation[];
    resources: string[];
    scope: 'Namespaced' | 'Cluster';
  }[];
  admissionReviewVersions: string[];
  failurePolicy: string;
  matchPolicy: string;
  sideEffects: string;
  timeoutSeconds: number;
  objectSelector?: object;
  namespaceSelector?: object;
  matchConditions?: readonly object[];
  reinvocationPolicy?: string;
}

/** admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration or MutatingWebhookConfiguration. */
export interface WebhookConfiguration extends KubeObject {
  kind: 'ValidatingWebhookConfiguration' | 'MutatingWebhookConfiguration';
  webhooks: WebhookEntry[];
}

export interface WebhookManifestOptions {
  /** Of both configurations: "widget-controller". */
  name: string;
  target: WebhookTarget;
  labels?: Readonly<Record<string, string>>;
  /** For instance `cert-manager.io/inject-ca-from`. */
  annotations?: Readonly<Record<string, string>>;
}

/** The configurations that the declarations ask for: of each kind one, or none. */
export function webhookConfigurations(
  webhooks: readonly Webhook[],
  { name, target, labels, annotations }: WebhookManifestOptions,
): WebhookConfiguration[] {
  const metadata = {
    name,
    ...(labels && { labels: { ...labels } }),
    ...(annotations && { annotations: { ...annotations } }),
  };
  const mutating = webhooks.flatMap((webhook) =>
    webhook.defaulter
      ? [
          {
            ...entryOf(webhook, 'mutate', ['CREATE', 'UPDATE'], target),
            reinvocationPolicy: webhook.options.reinvocationPolicy ?? 'Never',
          },
        ]
      : [],
  );
  const validating = webhooks.flatMap((webhook) =>
    webhook.validator ? [entryOf(webhook, 'validate', operationsOf(webhook.validator), target)] : [],
  );
  const configurations: WebhookConfiguration[] = [
    { apiVersion, kind: 'MutatingWebhookConfiguration', metadata, webhooks: mutating },
    { apiVersion, kind: 'ValidatingWebhookConfiguration', metadata, webhooks: validating },
  ];
  return configurations.filter((configuration) => configuration.webhooks.length > 0);
}

const apiVersion = 'admissionregistration.k8s.io/v1';

function entryOf(
  { resource, options }: Webhook,
  part: 'validate' | 'mutate',
  operations: readonly Operation[],
  target: WebhookTarget,
): WebhookEntry {
  const { objectSelector, namespaceSelector, matchConditions } = options;
  return {
    name: `${part}.${qualifiedName(resource)}`,
    clientConfig: clientConfigOf(target, pathOfWebhook(part, resource)),
    rules: [
      {
        apiGroups: [resource.group],
        apiVersions: [resource.version],
        operations,
        resources: [resource.plural],
        scope: resource.namespaced ? 'Namespaced' : 'Cluster',
      },
    ],
    admissionReviewVersions: ['v1'],
    failurePolicy: options.failurePolicy ?? 'Fail',
    // What is sent in another version comes converted: a rule cannot be got round.
    matchPolicy: 'Equivalent',
    sideEffects: options.sideEffects ?? 'None',
    timeoutSeconds: options.timeoutSeconds ?? 5,
    ...(objectSelector && { objectSelector }),
    ...(namespaceSelector && { namespaceSelector }),
    ...(matchConditions && { matchConditions }),
  };
}

/** The stanza `spec.conversion` of the kind's CRD; undefined when the kind has one version. */
export function conversionOf(webhook: Webhook, target: WebhookTarget): object | undefined {
  if (webhook.conversions.length === 0) return undefined;
  return {
    strategy: 'Webhook',
    webhook: { conversionReviewVersions: ['v1'], clientConfig: clientConfigOf(target, conversionPath) },
  };
}

/**
 * The CRD of a kind with all its versions, the hub being the one that is stored. Hub and spokes must have been made by
 * `defineCustomResource`.
 */
export function crdWithVersions(webhook: Webhook, target: WebhookTarget): ReturnType<typeof crdOf> {
  const crd = crdOf(definitionOf(webhook.resource));
  const spokes = webhook.conversions.flatMap(({ spoke }) => crdOf(definitionOf(spoke)).spec.versions);
  const conversion = conversionOf(webhook, target) as (typeof crd)['spec']['conversion'] | undefined;
  return {
    ...crd,
    spec: {
      ...crd.spec,
      versions: [...crd.spec.versions, ...spokes.map((version) => ({ ...version, storage: false }))],
      ...(conversion && { conversion }),
    },
  };
}

function definitionOf(resource: Resource): CustomResource {
  if (!('definition' in resource)) throw new Error(`${qualifiedName(resource)} ${resource.version} has no schema`);
  return resource as CustomResource;
}

function clientConfigOf(target: WebhookTarget, path: string): ClientConfig {
  const ca = target.ca === undefined ? {} : { caBundle: Buffer.from(target.ca).toString('base64') };
  if ('url' in target) return { url: `${target.url.replace(/\/+$/, '')}${path}`, ...ca };
  const { namespace, name, port = 443 } = target.service;
  return { service: { namespace, name, port, path }, ...ca };
}
