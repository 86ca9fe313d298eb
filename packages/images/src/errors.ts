/** What a user can do something about; `code` is stable, the message says what and how. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
  readonly code:
    | 'not-root'
    | 'missing-prerequisite'
    | 'no-mirror'
    | 'insecure-apt'
    | 'no-space'
    | 'missing-bundle'
    | 'unknown-image'
    | 'missing-image'
    | 'build-failed'
    | 'aborted';

  constructor(code: ImageError['code'], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
