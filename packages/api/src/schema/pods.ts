// What every kind with Pods lets be said of them: who reaches them, where their images come from, what others know them by.
import { Type, type Static } from '@sinclair/typebox';
import { ListMap, StringEnum } from '@stackwright/kube';
import { keyLength, longestKey, objectName } from './fields.js';

/** By these the controllers, and the policies of the network, know their Pods. */
const ours = ['app.kubernetes.io/', 'stackwright.dev/'];

const isOurs = ours.map((prefix) => `key.startsWith('${prefix}')`).join(' || ');

const map = (what: string, values: { maxLength: number; pattern?: string }) =>
  Type.Optional(
    Type.Unsafe<Record<string, string>>({
      type: 'object',
      description: `${what} of the Pods, besides ours.`,
      maxProperties: 32,
      additionalProperties: { type: 'string', ...values },
      'x-kubernetes-validations': [
        keyLength(longestKey),
        {
          rule: `!self.exists(key, ${isOurs})`,
          message: `keys that begin with ${ours.join(' or ')} are the controller's`,
        },
      ],
    }),
  );

const labelValue = { maxLength: 63, pattern: '^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$' };

export const podFields = {
  networkPolicy: Type.Optional(
    StringEnum(['Enabled', 'Disabled'], {
      description:
        'Enabled: NetworkPolicies let in only who has business there: everybody to the port of an API; to a server the Pods ' +
        'whose claims name it, its controller, and the other servers of its group; nobody to Jobs. Whom else you want to let ' +
        'in gets a NetworkPolicy of your own besides: they add up. Absent: Enabled.',
    }),
  ),
  imagePullSecrets: Type.Optional(
    ListMap(
      Type.Object({ name: objectName('Name of the Secret, of type kubernetes.io/dockerconfigjson.') }),
      ['name'],
      {
        description: 'Secrets by which the node logs in to the registry of the images.',
        maxItems: 16,
      },
    ),
  ),
  podMetadata: Type.Optional(
    Type.Object(
      { labels: map('Labels', labelValue), annotations: map('Annotations', { maxLength: 4096 }) },
      { description: 'What the Pods carry besides our labels and annotations. Another value replaces the Pods.' },
    ),
  ),
};

export type PodMetadata = Static<NonNullable<(typeof podFields)['podMetadata']>>;
