/** A volume that cannot be prepared now. Its message becomes the FailedMount event, so it holds no secret. */
export class VolumeError extends Error {
  override readonly name = 'VolumeError';
}
