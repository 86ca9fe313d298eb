// What was in an image when it was built is recorded beside podman's storage, so that a build that takes Debian's updates says what they were.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { DebianPackage } from './packages.js';

export interface PackageChange {
  name: string;
  /** Version before; absent where the package is new. */
  from?: string;
  /** Version now; absent where the package is gone. */
  to?: string;
}

/** What one file holds. */
export interface ImageRecord {
  /** `keystone:2025.1` */
  image: string;
  /** What podman calls it. */
  id: string;
  /** Of what this workspace decides (hash.ts): with the same hash, what has changed comes from Debian. */
  hash: string;
  /** Version by package. */
  packages: Readonly<Record<string, string>>;
  /** By which it differs from the one before. */
  changes: readonly PackageChange[];
}

/** Beside podman's storage, as images are every clone's. */
export const recordsBeside = (storageRoot: string): string => join(dirname(storageRoot), 'stackwright-images');

export function changesBetween(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): PackageChange[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .sort()
    .filter((name) => before[name] !== after[name])
    .map((name) => ({
      name,
      ...(before[name] !== undefined && { from: before[name] }),
      ...(after[name] !== undefined && { to: after[name] }),
    }));
}

export async function readRecord(directory: string, image: string): Promise<ImageRecord | undefined> {
  try {
    return JSON.parse(await readFile(fileOf(directory, image), 'utf8')) as ImageRecord;
  } catch {
    // Another image, or one that a machine without power left half: there is nothing to compare with.
    return undefined;
  }
}

/** Returns in what the image differs from the one that was recorded before; in nothing where there was none. */
export async function recordImage(
  directory: string,
  built: Pick<ImageRecord, 'image' | 'id' | 'hash'>,
  packages: readonly DebianPackage[],
): Promise<readonly PackageChange[]> {
  const before = await readRecord(directory, built.image);
  const versions = Object.fromEntries(packages.map(({ name, version }) => [name, version]));
  const changes = before === undefined ? [] : changesBetween(before.packages, versions);
  const record: ImageRecord = { ...built, packages: versions, changes };
  if (!isDeepStrictEqual(record, before)) {
    const file = fileOf(directory, built.image);
    await mkdir(directory, { recursive: true });
    await writeFile(`${file}.new`, `${JSON.stringify(record, undefined, 2)}\n`);
    await rename(`${file}.new`, file);
  }
  return changes;
}

const fileOf = (directory: string, image: string): string => join(directory, `${image.replace(':', '-')}.json`);

/** `openssl 3.5.1-1 → 3.5.1-1+deb13u1`, `+ sudo 1.9`, `- sudo 1.9` */
export function describeChange({ name, from, to }: PackageChange): string {
  if (from === undefined) return `+ ${name} ${to ?? ''}`;
  return to === undefined ? `- ${name} ${from}` : `${name} ${from} → ${to}`;
}
