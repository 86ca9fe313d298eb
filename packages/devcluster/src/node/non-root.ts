import type { Pod } from '@stackwright/kube';
import type { Container } from 'kubernetes-types/core/v1.d.ts';
import type { Stored } from '../shared/objects.js';
import { RuntimeError } from './runtime.js';

/**
 * Throws a CreateContainerConfigError for a container that must not run as root and would, or may. `imageUser` is what
 * the image names, "" for nobody, which is root; undefined when it is not known.
 */
export function verifyNonRoot(pod: Stored<Pod>, container: Container, imageUser: string | undefined): void {
  const { runAsNonRoot, runAsUser } = { ...pod.spec?.securityContext, ...container.securityContext };
  if (!runAsNonRoot) return;
  const { name, namespace, uid } = pod.metadata;
  const refuse = (message: string): never => {
    const where = `(pod: "${name}_${namespace}(${uid})", container: ${container.name})`;
    throw new RuntimeError('CreateContainerConfigError', `${message} ${where}`);
  };
  if (runAsUser === 0) refuse("container's runAsUser breaks non-root policy");
  if (runAsUser !== undefined || imageUser === undefined) return;
  const user = imageUser.split(':')[0] ?? '';
  if (user === '' || Number(user) === 0) refuse('container has runAsNonRoot and image will run as root');
  if (!/^\d+$/.test(user))
    refuse(`container has runAsNonRoot and image has non-numeric user (${user}), cannot verify user is non-root`);
}
