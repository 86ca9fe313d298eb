import { Type, type TObject, type TProperties } from '@sinclair/typebox';
import { longestEndpoint, secretReference } from './fields.js';
import { keptSecrets } from './kept.js';
import { defineOwnKind, type OwnKind } from './own-kind.js';
import { statusOf } from './status.js';
import { storageStatus } from './storage.js';

export interface ServerKind<Spec extends TObject<TProperties>> extends OwnKind<Spec> {
  /** The role that it plays for services, whose claims name it as their provider. */
  provides: string;
}

/** The kind of a server that services stand on (a database, a broker, a cache); `spec` is `workloadSpec`, and its own fields besides. */
export function defineServerKind<Spec extends TObject<TProperties>>(server: ServerKind<Spec>) {
  const status = statusOf({
    endpoint: Type.Optional(
      Type.String({ description: 'host:port of each server, separated by commas.', maxLength: longestEndpoint }),
    ),
    administeredAt: Type.Optional(
      Type.String({
        description:
          'URL at which a server elsewhere is administered, where that is not its endpoint. It has no credentials.',
        maxLength: longestEndpoint,
      }),
    ),
    ...(server.volume === undefined ? {} : { storage: storageStatus }),
    version: Type.Optional(
      Type.String({ description: 'Version that the server says it has, where it is asked.', maxLength: 253 }),
    ),
    externalSecret: Type.Optional(
      Type.String({
        description:
          'The Secret of the server elsewhere that is used; absent while it is the one that is run here. It follows spec.external when ' +
          'the new server has answered, and holds what claims have.',
        maxLength: 253,
      }),
    ),
    kept: keptSecrets(),
  });
  const names = { statefulSet: true, services: ['-headless'] };
  return defineOwnKind({ names, ...server }, status, { name: 'Version', type: 'string', jsonPath: '.status.version' });
}

/** In the spec of a server that may run elsewhere. */
export const externalServer = (service: string, description: string, secret: string) =>
  Type.Optional(
    Type.Object(
      {
        secretRef: secretReference(`${secret} It must carry the label stackwright.dev/usable-by=${service}.`),
      },
      { description: `${description} Nothing is run here; all fields about running one are ignored.` },
    ),
  );
