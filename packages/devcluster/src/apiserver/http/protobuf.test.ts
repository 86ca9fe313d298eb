import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { describe, expect, it } from 'vitest';
import { decodeProtobuf } from './protobuf.js';

type Value = string | number | boolean | Uint8Array;

/** A message of these fields: texts and messages by length, numbers and booleans as varints. */
function message(...fields: [number, Value][]): Uint8Array {
  const writer = new BinaryWriter();
  for (const [number, value] of fields) {
    if (typeof value === 'string') writer.tag(number, WireType.LengthDelimited).string(value);
    else if (value instanceof Uint8Array) writer.tag(number, WireType.LengthDelimited).bytes(value);
    else writer.tag(number, WireType.Varint).int64(Number(value));
  }
  return writer.finish();
}

const body = (apiVersion: string, kind: string, object: Uint8Array): Uint8Array =>
  Buffer.concat([
    Buffer.from('k8s\0'),
    message([1, message([1, apiVersion], [2, kind])], [2, object], [3, ''], [4, '']),
  ]);

/** ObjectMeta as Go writes it: with every field that is no pointer. */
const metadata = (name: string): Uint8Array =>
  message([1, name], [2, ''], [3, ''], [4, ''], [5, ''], [6, ''], [7, 0], [8, message()]);

describe('protobuf bodies', () => {
  it('are the objects that JSON would have brought', () => {
    const container = message(
      [1, 'main'],
      [2, 'web:1'],
      [3, '-v'],
      [6, message([1, ''], [2, 0], [3, 80], [4, 'TCP'], [5, ''])],
      [8, message([1, message([1, 'memory'], [2, message([1, '1Gi'])])])],
      [
        10,
        message(
          [1, message([2, message([1, '/'], [2, message([1, 1], [2, 0], [3, 'http'])], [3, ''], [4, ''])])],
          [2, 5],
        ),
      ],
      [16, false],
      [19, message([2, message([1, message([1, 'settings'])], [2, false])])],
    );
    const template = message(
      [1, message([11, message([1, 'app'], [2, 'web'])])],
      [2, message([1, message([1, 'data'], [2, message([2, message([1, ''])])])], [2, container], [4, 0])],
    );
    const spec = message([1, 0], [2, message([1, message([1, 'app'], [2, 'web'])])], [3, template], [5, 0], [7, false]);
    expect(
      decodeProtobuf(body('apps/v1', 'Deployment', message([1, metadata('web')], [2, spec], [3, message()]))),
    ).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
      spec: {
        // A pointer to zero is not nothing.
        replicas: 0,
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: {
            volumes: [{ name: 'data', emptyDir: {} }],
            terminationGracePeriodSeconds: 0,
            containers: [
              {
                name: 'main',
                image: 'web:1',
                command: ['-v'],
                ports: [{ containerPort: 80, protocol: 'TCP' }],
                resources: { limits: { memory: '1Gi' } },
                livenessProbe: { httpGet: { path: '/', port: 'http' }, initialDelaySeconds: 5 },
                envFrom: [{ configMapRef: { name: 'settings', optional: false } }],
              },
            ],
          },
        },
      },
    });
  });

  it('have bytes, times and negative numbers', () => {
    const secret = message([1, metadata('s')], [2, message([1, 'key'], [2, new Uint8Array([255, 0])])], [5, true]);
    expect(decodeProtobuf(body('v1', 'Secret', secret))).toMatchObject({ data: { key: '/wA=' }, immutable: true });
    const lease = message(
      [1, metadata('l')],
      [2, message([1, 'me'], [2, 15], [3, message([1, 1700000000], [2, 5000])])],
    );
    expect(decodeProtobuf(body('coordination.k8s.io/v1', 'Lease', lease))).toMatchObject({
      spec: { holderIdentity: 'me', leaseDurationSeconds: 15, acquireTime: '2023-11-14T22:13:20.000005Z' },
    });
    expect(decodeProtobuf(body('v1', 'DeleteOptions', message([1, -1], [4, 'Orphan'])))).toMatchObject({
      gracePeriodSeconds: -1,
      propagationPolicy: 'Orphan',
    });
    const review = message([
      2,
      message([3, 'ann'], [4, 'team'], [5, message([1, 'scope'], [2, message([1, 'a'], [1, 'b'])])]),
    ]);
    expect(decodeProtobuf(body('authorization.k8s.io/v1', 'SubjectAccessReview', review))).toMatchObject({
      spec: { user: 'ann', groups: ['team'], extra: { scope: ['a', 'b'] } },
    });
  });

  it('of other kinds are refused, as is what is none', () => {
    expect(() => decodeProtobuf(body('example.com/v1', 'Widget', message()))).toThrow(
      'protobuf is read here for built-in kinds only, not for Widget of example.com/v1 - send it as application/json',
    );
    expect(() => decodeProtobuf(Buffer.from('{}'))).toThrow('does not begin as Kubernetes objects');
    const whole = body('v1', 'ConfigMap', message([1, metadata('c')]));
    for (let length = 4; length < whole.length; length += 1) {
      try {
        decodeProtobuf(whole.subarray(0, length));
      } catch (error) {
        expect(error).toMatchObject({ name: 'ApiError' });
      }
    }
  });
});
