// What claims that hand out credentials have in common: how new ones are asked for, and when old ones may go.
import { Type } from '@sinclair/typebox';
import { keptSecrets } from '../schema/kept.js';

/** In the spec of a claim. */
export const credentialSpec = {
  rotation: Type.Optional(
    Type.String({
      description:
        'Another value than before (a date, say) asks for new credentials: a user of another name with a password of its own. ' +
        'The Secret holds the new ones as soon as they work; the old ones work on until the annotation stackwright.dev/in-use names the new user.',
      maxLength: 64,
    }),
  ),
};

/** In its status. */
export const credentialStatus = {
  username: Type.Optional(
    Type.String({ description: 'User whose credentials the Secret holds, or held last.', maxLength: 255 }),
  ),
  superseded: Type.Optional(
    Type.Array(Type.String({ maxLength: 255 }), {
      description: 'Users of older credentials, which still work.',
      maxItems: 1024,
    }),
  ),
  kept: keptSecrets(),
};
