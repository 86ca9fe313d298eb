import { existsSync } from 'node:fs';
import data from '../prerequisites.json' with { type: 'json' };
import { ImageError } from './errors.js';

export interface Prerequisite {
  /** Debian package. */
  name: string;
  /** Any one of these shows that it is there, from whatever package. */
  files: readonly string[];
  why: string;
}

/**
 * What the host needs to build images and run them. In a JSON file since the bootstrap script reads it before
 * anything of this workspace can run.
 */
export const prerequisites: readonly Prerequisite[] = data.packages;

export const missingPrerequisites = (exists: (file: string) => boolean = existsSync): Prerequisite[] =>
  prerequisites.filter((prerequisite) => !prerequisite.files.some(exists));

/** Throws one error that names everything that is missing. */
export function checkPrerequisites(host: { uid: number; exists?: (file: string) => boolean }): void {
  if (host.uid !== 0) {
    throw new ImageError('not-root', 'Building images needs root (mmdebstrap, rootful podman): run it with sudo.');
  }
  const missing = missingPrerequisites(host.exists);
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).join(' ');
    throw new ImageError('missing-prerequisite', `Debian packages are missing: apt-get install ${names}`);
  }
}
