// Volumes that a user adds to a service's containers.
import { Type, type Static } from '@sinclair/typebox';
import { ListMap } from '@stackwright/kube';
import { objectName } from './fields.js';

const usable = 'It must carry the label stackwright.dev/usable-by=<service>.';

const extraVolume = Type.Object(
  {
    mountPath: Type.String({
      description:
        "Absolute path: of a directory, or with `subPath` of one file. A path of the controller's is refused.",
      maxLength: 512,
      pattern: '^(/[A-Za-z0-9_@%+=~-][A-Za-z0-9_.@%+=~-]*)+$',
    }),
    subPath: Type.Optional(
      Type.String({
        description:
          'The one file or directory of the volume that is mounted. (A file so mounted changes with a new Pod only.)',
        maxLength: 512,
        pattern: '^[A-Za-z0-9_@%+=~-][A-Za-z0-9_.@%+=~-]*(/[A-Za-z0-9_@%+=~-][A-Za-z0-9_.@%+=~-]*)*$',
      }),
    ),
    readOnly: Type.Boolean({ description: 'Only a PersistentVolumeClaim can be written to.', default: true }),
    secret: Type.Optional(
      Type.Object({ secretName: objectName('Name of the Secret.') }, { description: `A Secret. ${usable}` }),
    ),
    configMap: Type.Optional(
      Type.Object({ name: objectName('Name of the ConfigMap.') }, { description: 'A ConfigMap.' }),
    ),
    persistentVolumeClaim: Type.Optional(
      Type.Object(
        { claimName: objectName('Name of the PersistentVolumeClaim.') },
        { description: `A PersistentVolumeClaim. ${usable}` },
      ),
    ),
  },
  {
    'x-kubernetes-validations': [
      {
        rule: '(has(self.secret) ? 1 : 0) + (has(self.configMap) ? 1 : 0) + (has(self.persistentVolumeClaim) ? 1 : 0) == 1',
        message: 'exactly one of secret, configMap and persistentVolumeClaim',
      },
      {
        rule: 'self.readOnly || has(self.persistentVolumeClaim)',
        message: 'only a persistentVolumeClaim can be written to',
      },
    ],
  },
);

export const extraVolumes = () =>
  ListMap(extraVolume, ['mountPath'], {
    description:
      "Volumes that all of the service's containers get besides ours, its Jobs' included. Pods are replaced when a Secret or " +
      'ConfigMap among them changes.',
    maxItems: 32,
  });

export type ExtraVolume = Static<typeof extraVolume>;
