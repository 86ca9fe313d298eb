import { describe } from 'vitest';
import { refuses } from '../testing/refusals.js';

const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web' },
  spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80 }] },
};

describe('a Service', () => {
  refuses('/api/v1/namespaces/default/services', service, [
    ['metadata/name', 'a.b', 'metadata.name: Invalid value: "a.b": must not contain dots'],
    ['spec/ports', [], 'spec.ports: Required value'],
    [
      'spec/ports/0/port',
      0,
      'spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
      'spec.ports[0].targetPort',
    ],
    ['spec/ports/0/protocol', 'tcp', 'spec.ports[0].protocol: Unsupported value: "tcp"'],
    ['spec/type', 'Other', 'spec.type: Unsupported value: "Other"'],
    ['spec/sessionAffinity', 'Always', 'spec.sessionAffinity: Unsupported value: "Always"'],
    ['spec/externalIPs', ['x'], 'spec.externalIPs[0]: Invalid value: "x": must be a valid IP address'],
  ]);
});
