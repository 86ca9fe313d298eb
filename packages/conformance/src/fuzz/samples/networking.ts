// How workloads are reached.
import { metadata, sample, selector, type Sample } from './sample.js';

export const networking: readonly Sample[] = [
  sample('Service', 'v1', 'Service', 'services', {
    metadata: metadata('fuzz'),
    spec: {
      type: 'ClusterIP',
      selector: { app: 'web' },
      ports: [
        { name: 'http', port: 80, targetPort: 'http', protocol: 'TCP', appProtocol: 'http' },
        { name: 'dns', port: 53, targetPort: 5353, protocol: 'UDP' },
      ],
      sessionAffinity: 'ClientIP',
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } },
      publishNotReadyAddresses: true,
      internalTrafficPolicy: 'Cluster',
      ipFamilyPolicy: 'SingleStack',
      ipFamilies: ['IPv4'],
      externalIPs: ['192.0.2.1'],
      trafficDistribution: 'PreferClose',
    },
  }),
  sample('Service, headless', 'v1', 'Service', 'services', {
    metadata: metadata('fuzz-headless'),
    spec: { clusterIP: 'None', selector: { app: 'web' }, ports: [{ port: 80 }] },
  }),
  sample('Service, balanced', 'v1', 'Service', 'services', {
    metadata: metadata('fuzz-balanced'),
    spec: {
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Local',
      loadBalancerSourceRanges: ['192.0.2.0/24'],
      loadBalancerClass: 'example.com/lb',
      allocateLoadBalancerNodePorts: false,
      selector: { app: 'web' },
      ports: [{ port: 80 }],
    },
  }),
  sample('Service, elsewhere', 'v1', 'Service', 'services', {
    metadata: metadata('fuzz-elsewhere'),
    spec: { type: 'ExternalName', externalName: 'web.example.com' },
  }),
  sample('Ingress', 'networking.k8s.io/v1', 'Ingress', 'ingresses', {
    metadata: metadata('fuzz'),
    spec: {
      ingressClassName: 'web',
      defaultBackend: { resource: { apiGroup: 'example.com', kind: 'Bucket', name: 'all' } },
      tls: [{ hosts: ['web.example.com'], secretName: 'tls' }],
      rules: [
        {
          host: '*.example.com',
          http: {
            paths: [
              { path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } },
              { path: '/b', pathType: 'Exact', backend: { service: { name: 'web', port: { name: 'http' } } } },
            ],
          },
        },
      ],
    },
  }),
  sample('NetworkPolicy', 'networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies', {
    metadata: metadata('fuzz'),
    spec: {
      podSelector: selector,
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        {
          ports: [
            { protocol: 'TCP', port: 80, endPort: 90 },
            { protocol: 'UDP', port: 'dns' },
          ],
          from: [
            { podSelector: selector, namespaceSelector: selector },
            { ipBlock: { cidr: '192.0.2.0/24', except: ['192.0.2.8/29'] } },
          ],
        },
      ],
      egress: [{ ports: [{ port: 443 }], to: [{ namespaceSelector: {} }] }],
    },
  }),
  sample('EndpointSlice', 'discovery.k8s.io/v1', 'EndpointSlice', 'endpointslices', {
    metadata: metadata('fuzz'),
    addressType: 'IPv4',
    endpoints: [
      {
        addresses: ['192.0.2.10'],
        conditions: { ready: true, serving: true, terminating: false },
        hostname: 'web-0',
        nodeName: 'node-1',
        zone: 'a',
        hints: { forZones: [{ name: 'a' }] },
      },
    ],
    ports: [{ name: 'http', port: 80, protocol: 'TCP', appProtocol: 'http' }],
  }),
  sample('EndpointSlice, by name', 'discovery.k8s.io/v1', 'EndpointSlice', 'endpointslices', {
    metadata: metadata('fuzz-by-name'),
    addressType: 'FQDN',
    endpoints: [{ addresses: ['web.example.com'], targetRef: { kind: 'Pod', name: 'web-0', namespace: '*' } }],
    ports: [{ port: 53, protocol: 'UDP' }],
  }),
  sample('EndpointSlice, IPv6', 'discovery.k8s.io/v1', 'EndpointSlice', 'endpointslices', {
    metadata: metadata('fuzz-six'),
    addressType: 'IPv6',
    endpoints: [{ addresses: ['2001:db8::1'], conditions: { ready: false } }],
    ports: [],
  }),
  sample('Endpoints', 'v1', 'Endpoints', 'endpoints', {
    metadata: metadata('fuzz'),
    subsets: [
      {
        addresses: [{ ip: '192.0.2.10', hostname: 'web-0', nodeName: 'node-1' }],
        notReadyAddresses: [{ ip: '192.0.2.11' }],
        ports: [{ name: 'http', port: 80, protocol: 'TCP', appProtocol: 'http' }],
      },
    ],
  }),
  sample('NetworkPolicy, closed', 'networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies', {
    metadata: metadata('fuzz-closed'),
    spec: { podSelector: {} },
  }),
  sample('IngressClass', 'networking.k8s.io/v1', 'IngressClass', '/ingressclasses', {
    metadata: metadata('fuzz-%'),
    spec: {
      controller: 'example.com/ingress',
      parameters: { apiGroup: 'example.com', kind: 'Settings', name: 'web', scope: 'Namespace', namespace: 'default' },
    },
  }),
];
