// How an API is reached: TLS, a way in from outside the cluster, and the URLs that users and services are told.
import { Type, type Static } from '@sinclair/typebox';
import { StringEnum, StringMap } from '@stackwright/kube';
import { keyLength, longestKey, objectName, secretReference } from './fields.js';

export const tls = () =>
  Type.Object(
    {
      secretRef: secretReference(
        'Secret with tls.crt (the whole chain) and tls.key, as of type kubernetes.io/tls; with ca.crt where the authority ' +
          'is not one that everybody knows. It must carry the label stackwright.dev/usable-by=<service>.',
      ),
    },
    {
      description:
        'Serves the API over HTTPS and nothing else. A renewed certificate is taken up without a failed request. The ' +
        'certificate must be good for <service>.<namespace>.svc.',
    },
  );

/** Without a version. */
const baseUrl = (description: string) =>
  Type.Optional(Type.String({ description, maxLength: 1024, pattern: '^https?://[^\\s/?#]+(/[^\\s?#]*)?$' }));

export const endpoints = () =>
  Type.Object(
    {
      public: baseUrl(
        'URL under which users reach the API, without a version ("https://identity.example.org"). Default: that of the ' +
          'route; without one, that of the Service inside the cluster.',
      ),
      internal: baseUrl(
        'URL under which other services reach the API. Default: that of the Service inside the cluster.',
      ),
    },
    { description: 'URLs that stand in the catalog instead of those that follow from the rest.' },
  );

/** No wildcard: the URL in the catalog is made of it. */
const hostname = (description: string) =>
  Type.String({
    description,
    maxLength: 253,
    pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$',
  });

const annotations = (on: string) =>
  Type.Optional(
    StringMap(
      {
        description: `Annotations of the ${on}, for the program that serves it.`,
        maxProperties: 64,
        'x-kubernetes-validations': [keyLength(longestKey)],
      },
      { maxLength: 65_536 },
    ),
  );

const parentRef = Type.Object({
  name: objectName('Name of the Gateway.'),
  namespace: Type.Optional(objectName('Its namespace, if it is another one.')),
  sectionName: Type.Optional(objectName('The one listener of the Gateway to use. Absent: all that fit.')),
});

const gateway = Type.Object(
  {
    parentRefs: Type.Array(parentRef, {
      description: 'The Gateways that take the requests in.',
      minItems: 1,
      maxItems: 8,
      'x-kubernetes-list-type': 'atomic',
    }),
    annotations: annotations('HTTPRoute'),
  },
  {
    description:
      'An HTTPRoute of the Gateway API (gateway.networking.k8s.io/v1), which the cluster must have installed.',
  },
);

const ingress = Type.Object(
  {
    className: Type.Optional(objectName("IngressClass. Absent: the cluster's default one.")),
    tls: Type.Optional(
      Type.Object(
        { secretName: objectName('Secret of type kubernetes.io/tls; the ingress controller reads it, ours does not.') },
        { description: "Certificate of the host. Absent: the ingress controller's own." },
      ),
    ),
    annotations: annotations('Ingress'),
  },
  { description: 'An Ingress (networking.k8s.io/v1).' },
);

export const route = () =>
  Type.Object(
    {
      hostname: hostname('Host name under which users reach the API.'),
      scheme: StringEnum(['https', 'http'], {
        description: 'Scheme of the URL for users. http is for those who ask for it only.',
        default: 'https',
      }),
      gateway: Type.Optional(gateway),
      ingress: Type.Optional(ingress),
    },
    {
      description:
        'A way in from outside the cluster: by the Gateway API or by an Ingress. `endpoints.public` follows from it.',
      'x-kubernetes-validations': [
        { rule: 'has(self.gateway) != has(self.ingress)', message: 'exactly one of gateway and ingress' },
      ],
    },
  );

export type Tls = Static<ReturnType<typeof tls>>;
export type Endpoints = Static<ReturnType<typeof endpoints>>;
export type Route = Static<ReturnType<typeof route>>;
