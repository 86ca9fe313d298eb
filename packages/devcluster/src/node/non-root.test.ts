import type { Pod } from '@stackwright/kube';
import { expect, it } from 'vitest';
import type { Stored } from '../shared/objects.js';
import { verifyNonRoot } from './non-root.js';

const outcome = (imageUser: string | undefined, forPod: object, forContainer: object = {}): string => {
  const container = { name: 'main', securityContext: forContainer };
  const pod = {
    metadata: { name: 'p', namespace: 'n', uid: 'u' },
    spec: { containers: [container], securityContext: forPod },
  } as unknown as Stored<Pod>;
  try {
    verifyNonRoot(pod, container, imageUser);
    return 'runs';
  } catch (error) {
    return (error as Error).message.replace(' (pod: "p_n(u)", container: main)', '');
  }
};

it('holds back what would run as root, or may', () => {
  const must = { runAsNonRoot: true };
  const root = 'container has runAsNonRoot and image will run as root';
  expect(outcome('', must)).toBe(root);
  expect(outcome('0:5', must)).toBe(root);
  expect(outcome('www-data', must)).toBe(
    'container has runAsNonRoot and image has non-numeric user (www-data), cannot verify user is non-root',
  );
  expect(outcome('1000', must, { runAsUser: 0 })).toBe("container's runAsUser breaks non-root policy");
  expect(outcome('1000:1000', must)).toBe('runs');
  expect(outcome('', { ...must, runAsUser: 1000 })).toBe('runs');
  expect(outcome('', must, { runAsNonRoot: false })).toBe('runs');
  expect(outcome('', {})).toBe('runs');
  expect(outcome(undefined, must)).toBe('runs');
});
