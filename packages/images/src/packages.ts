// Which Debian packages an image has, in its own words: dpkg's list in it.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface DebianPackage {
  name: string;
  version: string;
  architecture: string;
  /** The source package that it was built from: what Debian's security tracker names. */
  source: string;
}

/** Where dpkg keeps it, in an image. */
export const STATUS_FILE = 'var/lib/dpkg/status';

/** Those that are installed, by name; what was removed and left its configuration behind is none. */
export function parseStatus(text: string): DebianPackage[] {
  return text
    .split(/\n\n+/)
    .map(
      (paragraph) =>
        new Map([...paragraph.matchAll(/^([A-Za-z-]+): (.*)$/gm)].map(([, key = '', value = '']) => [key, value])),
    )
    .filter((fields) => fields.get('Status')?.endsWith(' installed') === true)
    .map((fields) => {
      const name = fields.get('Package') ?? '';
      return {
        name,
        version: fields.get('Version') ?? '',
        architecture: fields.get('Architecture') ?? '',
        source: fields.get('Source')?.split(' ', 1)[0] ?? name,
      };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Of an image whose files are at `root`. */
export const packagesAt = async (root: string): Promise<DebianPackage[]> =>
  parseStatus(await readFile(join(root, STATUS_FILE), 'utf8'));
