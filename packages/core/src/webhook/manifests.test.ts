import { Type } from '@sinclair/typebox';
import { defineCustomResource, type ObjectOf } from '@stackwright/kube';
import { describe, expect, it } from 'vitest';
import { conversionOf, crdWithVersions, webhookConfigurations } from './manifests.js';
import { newWebhook } from './webhook.js';

const versionOf = (version: string) =>
  defineCustomResource({
    group: 'example.dev',
    version,
    kind: 'Widget',
    plural: 'widgets',
    description: `A widget in ${version}.`,
    spec: Type.Object({ size: Type.Integer() }),
    status: Type.Object({}),
    printerColumns: [],
  });
const Widget = versionOf('v1');
const OldWidget = versionOf('v1alpha1');
type Widget = ObjectOf<typeof Widget>;
const same = {
  toHub: (object: Readonly<Widget>): Widget => object,
  fromHub: (object: Readonly<Widget>): Widget => object,
};
const service = { service: { namespace: 'system', name: 'widget-controller' } };

describe('manifests of webhooks', () => {
  it('ask for exactly what handlers were declared for', () => {
    const webhook = newWebhook(Widget, { failurePolicy: 'Ignore', objectSelector: { matchLabels: { a: 'b' } } })
      .validate({ update: () => undefined, delete: () => undefined })
      .default(() => undefined);
    const [mutating, validating] = webhookConfigurations([webhook], {
      name: 'widget-controller',
      target: { ...service, ca: 'PEM' },
      annotations: { 'cert-manager.io/inject-ca-from': 'system/widget' },
    });
    expect(mutating).toMatchObject({
      kind: 'MutatingWebhookConfiguration',
      webhooks: [
        {
          name: 'mutate.widgets.example.dev',
          clientConfig: { service: { path: '/mutate-example-dev-v1-widget' } },
          rules: [{ operations: ['CREATE', 'UPDATE'] }],
          reinvocationPolicy: 'Never',
        },
      ],
    });
    expect(validating).toEqual({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: 'widget-controller', annotations: { 'cert-manager.io/inject-ca-from': 'system/widget' } },
      webhooks: [
        {
          name: 'validate.widgets.example.dev',
          clientConfig: {
            service: {
              namespace: 'system',
              name: 'widget-controller',
              port: 443,
              path: '/validate-example-dev-v1-widget',
            },
            caBundle: Buffer.from('PEM').toString('base64'),
          },
          rules: [
            {
              apiGroups: ['example.dev'],
              apiVersions: ['v1'],
              operations: ['UPDATE', 'DELETE'],
              resources: ['widgets'],
              scope: 'Namespaced',
            },
          ],
          admissionReviewVersions: ['v1'],
          failurePolicy: 'Ignore',
          matchPolicy: 'Equivalent',
          sideEffects: 'None',
          timeoutSeconds: 5,
          objectSelector: { matchLabels: { a: 'b' } },
        },
      ],
    });
  });

  it('are none where nothing was declared', () => {
    const converting = newWebhook(Widget).convert(OldWidget, same);
    expect(webhookConfigurations([converting], { name: 'x', target: service })).toEqual([]);
    expect(conversionOf(newWebhook(Widget), service)).toBeUndefined();
  });

  it('put all versions into the CRD, the hub stored, with where to convert them', () => {
    const { spec } = crdWithVersions(newWebhook(Widget).convert(OldWidget, same), { url: 'https://10.0.0.1:9443/' });
    expect(spec.versions.map(({ name, storage, served }) => ({ name, storage, served }))).toEqual([
      { name: 'v1', storage: true, served: true },
      { name: 'v1alpha1', storage: false, served: true },
    ]);
    expect(spec.conversion).toEqual({
      strategy: 'Webhook',
      webhook: { conversionReviewVersions: ['v1'], clientConfig: { url: 'https://10.0.0.1:9443/convert' } },
    });
  });

  it('cannot be made of declarations that contradict themselves', () => {
    const Gadget = { ...Widget, kind: 'Gadget' };
    expect(() => newWebhook(Widget).convert(Gadget, same)).toThrow('no version of');
    expect(() => newWebhook(Widget).convert(OldWidget, same).convert(OldWidget, same)).toThrow('already');
    expect(() => newWebhook(Widget).validate({})).toThrow('nothing');
    expect(() => newWebhook(Widget, { timeoutSeconds: 31 })).toThrow(RangeError);
  });
});
