import { describe } from 'vitest';
import { refuses } from '../testing/refusals.js';

const container = { name: 'web', image: 'web:1' };
const pod = (spec: object): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web' },
  spec: { containers: [container], ...spec },
});
const PODS = '/api/v1/namespaces/default/pods';

describe('a volume that is an image', () => {
  refuses(PODS, pod({ volumes: [{ name: 'data', image: { reference: 'data:1' } }] }), [
    ['spec/volumes/0/image/reference', '', 'spec.volumes[0].image.reference: Required value'],
    ['spec/volumes/0/image/pullPolicy', 'Often', 'spec.volumes[0].image.pullPolicy: Unsupported value: "Often"'],
    ['spec/volumes/0/emptyDir', {}, 'spec.volumes[0].image: Forbidden: may not specify more than 1 volume type'],
  ]);
});

describe('a variable from a file', () => {
  const fileKeyRef = { volumeName: 'made', path: 'made.env', key: 'HOST' };
  const env = [{ name: 'HOST', valueFrom: { fileKeyRef } }];
  const at = 'spec.containers[0].env[0].valueFrom.fileKeyRef';
  refuses(PODS, pod({ containers: [{ ...container, env }], volumes: [{ name: 'made', emptyDir: {} }] }), [
    ['spec/containers/0/env/0/valueFrom/fileKeyRef/key', '', `${at}.key: Required value`],
    [
      'spec/containers/0/env/0/valueFrom/fileKeyRef/path',
      '../made.env',
      `${at}.path: Invalid value: "../made.env": must not contain '..'`,
    ],
    ['spec/containers/0/env/0/valueFrom/fileKeyRef/volumeName', 'other', `${at}.volumeName: Not found: "other"`],
    [
      'spec/volumes/0',
      { name: 'made', secret: { secretName: 'made' } },
      `${at}.volumeName: Invalid value: "made": referenced volume must be of type emptyDir`,
    ],
  ]);
});

describe('rules for the restart of a container', () => {
  const restartPolicyRules = [{ action: 'Restart', exitCodes: { operator: 'In', values: [3] } }];
  const at = 'spec.containers[0].restartPolicyRules[0]';
  refuses(PODS, pod({ containers: [{ ...container, restartPolicy: 'Never', restartPolicyRules }] }), [
    [
      'spec/containers/0/restartPolicy',
      undefined,
      'spec.containers[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used',
    ],
    ['spec/containers/0/restartPolicyRules/0/action', 'Sulk', `${at}.action: Unsupported value: "Sulk"`],
    ['spec/containers/0/restartPolicyRules/0/exitCodes', undefined, `${at}.exitCodes: Required value`],
    [
      'spec/containers/0/restartPolicyRules/0/exitCodes/operator',
      'Near',
      `${at}.exitCodes.operator: Unsupported value: "Near"`,
    ],
  ]);
});

describe('a Pod with newer fields', () => {
  refuses(PODS, pod({ hostnameOverride: 'web.example.com', resources: { limits: { memory: '1Gi' } } }), [
    ['spec/hostnameOverride', 'Web', 'spec.hostnameOverride: Invalid value: "Web"'],
    [
      'spec/setHostnameAsFQDN',
      true,
      'spec.hostnameOverride: Forbidden: may not be specified when setHostnameAsFQDN is true',
    ],
    ['spec/resources/limits/memory', '-1', 'spec.resources.limits[memory]: Invalid value: "-1"'],
    [
      'spec/securityContext',
      { supplementalGroupsPolicy: 'Some' },
      'spec.securityContext.supplementalGroupsPolicy: Unsupported value: "Some"',
    ],
    [
      'spec/securityContext',
      { seLinuxChangePolicy: 'MountOption' },
      'spec.securityContext.seLinuxChangePolicy: Unsupported value: "MountOption"',
    ],
  ]);
});
