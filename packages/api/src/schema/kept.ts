import { Type, type Static } from '@sinclair/typebox';

/** `status.kept`: Secrets that are made once, and that nothing makes again by itself. */
export const keptSecrets = () =>
  Type.Optional(
    Type.Array(
      Type.Object({
        name: Type.String({ description: 'Name of the Secret.', maxLength: 253 }),
        id: Type.String({
          description: 'Tells it from another one of its name. Nothing of what it holds goes into it.',
          maxLength: 253,
        }),
      }),
      {
        description:
          'Secrets with passwords and keys that are in use. One that is deleted is missed, and not made anew: the annotation ' +
          'stackwright.dev/make-anew with its id asks for that.',
        maxItems: 64,
      },
    ),
  );
export type KeptSecrets = NonNullable<Static<ReturnType<typeof keptSecrets>>>;
