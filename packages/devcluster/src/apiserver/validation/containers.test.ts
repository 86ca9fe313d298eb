import { describe } from 'vitest';
import { refuses } from '../testing/refusals.js';

const container = { name: 'web', image: 'web:1', ports: [{ name: 'http', containerPort: 80 }] };
const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { containers: [container] } };
const here = 'spec/containers/0';
const told = 'spec.containers[0]';

describe('a container', () => {
  refuses('/api/v1/namespaces/default/pods', pod, [
    [`${here}/name`, 'Bad', `${told}.name: Invalid value: "Bad"`],
    [`${here}/image`, undefined, `${told}.image: Required value`],
    [`${here}/image`, ' web', `${told}.image: Invalid value: " web": must not have leading or trailing whitespace`],
    [`${here}/ports/0/containerPort`, 0, `${told}.ports[0].containerPort: Required value`],
    [`${here}/ports/0/containerPort`, 70000, `${told}.ports[0].containerPort: Invalid value: 70000: must be between`],
    [`${here}/ports/0/protocol`, 'tcp', `${told}.ports[0].protocol: Unsupported value: "tcp"`],
    [`${here}/ports/0/name`, 'much-too-long-name', `${told}.ports[0].name: Invalid value`],
    [`${here}/env`, [{ name: '' }], `${told}.env[0].name: Required value`],
    [
      `${here}/resources`,
      { requests: { cpu: '2' }, limits: { cpu: '1' } },
      `${told}.resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1`,
    ],
    [
      `${here}/resources`,
      { requests: { cpu: '-1' } },
      `${told}.resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0`,
    ],
    [`${here}/livenessProbe`, {}, `${told}.livenessProbe: Required value: must specify a handler type`],
    [
      `${here}/livenessProbe`,
      { tcpSocket: { port: 0 } },
      `${told}.livenessProbe.tcpSocket.port: Invalid value: 0: must be between 1 and 65535`,
    ],
    [
      `${here}/livenessProbe`,
      { tcpSocket: { port: 80 }, successThreshold: 2 },
      `${told}.livenessProbe.successThreshold: Invalid value: 2: must be 1`,
    ],
    [`${here}/lifecycle`, { preStop: { exec: {} } }, `${told}.lifecycle.preStop.exec.command: Required value`],
    [`${here}/volumeMounts`, [{ name: 'none', mountPath: '/a' }], `${told}.volumeMounts[0].name: Not found: "none"`],
    [
      `${here}/securityContext`,
      { seccompProfile: { type: 'Loose' } },
      `${told}.securityContext.seccompProfile.type: Unsupported value: "Loose"`,
    ],
    [`${here}/terminationMessagePolicy`, 'Never', `${told}.terminationMessagePolicy: Unsupported value: "Never"`],
    [`${here}/imagePullPolicy`, 'Sometimes', `${told}.imagePullPolicy: Unsupported value: "Sometimes"`],
  ]);
});
