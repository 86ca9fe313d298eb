// The image that all others stand on: Debian packages only, made by mmdebstrap, no registry involved.
import { existsSync } from 'node:fs';
import { renderSources, type AptSetup } from './apt.js';
import { configuration, withoutSetId } from './containerfile.js';
import type { ImageDefinition } from './definition.js';
import { ImageError } from './errors.js';
import { pipe, type Command, type RunOptions } from './process.js';
import { importCommand } from './store.js';

const KEYRINGS = '/usr/share/keyrings';

/** Until a suite has keys of its own it is signed with those of the release before it. */
const SUITES = ['bookworm', 'trixie', 'forky'];

/** Pages that nobody reads in a container: a third of its size. Licences stay. */
const DPKG_OPTIONS = [
  'path-exclude=/usr/share/man/*',
  'path-exclude=/usr/share/info/*',
  'path-exclude=/usr/share/locale/*',
  'path-exclude=/usr/share/doc/*',
  'path-include=/usr/share/doc/*/copyright',
  // Builds are repeatable: no fsync per file.
  'force-unsafe-io',
];

/** The host may be an older Debian: its keyring package then holds the suite's keys in files of their own. */
export function keyringsFor(suite: string, exists: (file: string) => boolean = existsSync): string[] {
  const filesOf = (release: string): string[] =>
    ['stable', 'automatic', 'security-automatic'].map((kind) => `${KEYRINGS}/debian-archive-${release}-${kind}`);
  const signers = [suite, ...SUITES.slice(0, Math.max(0, SUITES.indexOf(suite))).reverse()];
  for (const release of signers) {
    const found = filesOf(release).flatMap((file) => [`${file}.gpg`, `${file}.pgp`].filter(exists).slice(0, 1));
    if (found.length > 0) return found;
  }
  throw new ImageError(
    'missing-prerequisite',
    `The host has no keys for Debian ${suite} (${filesOf(suite)[0] ?? ''}.gpg): upgrade the package debian-archive-keyring.`,
  );
}

export function bootstrapCommand(
  suite: string,
  packages: readonly string[],
  apt: AptSetup,
  keyrings: readonly string[],
): Command {
  return {
    file: 'mmdebstrap',
    args: [
      '--mode=root',
      '--variant=apt',
      '--format=tar',
      ...(packages.length > 0 ? [`--include=${packages.join(',')}`] : []),
      ...keyrings.map((file) => `--keyring=${file}`),
      ...['APT::Install-Recommends "false";', 'Acquire::Languages "none";', ...apt.options].map(
        (option) => `--aptopt=${option}`,
      ),
      ...DPKG_OPTIONS.map((option) => `--dpkgopt=${option}`),
      // Mirror and proxy are the host's: later builds bring them along anew.
      '--customize-hook=rm -f "$1"/etc/apt/sources.list "$1"/etc/apt/sources.list.d/* "$1"/etc/apt/apt.conf.d/99mmdebstrap',
      '--customize-hook=rm -f "$1"/etc/resolv.conf "$1"/etc/hostname',
      `--customize-hook=${withoutSetId('"$1"')}`,
      suite,
      '-',
      ...renderSources(apt).trim().split('\n'),
    ],
  };
}

export async function buildBase(
  definition: ImageDefinition,
  suite: string,
  image: { reference: string; hash: string },
  apt: AptSetup,
  options: RunOptions,
): Promise<string> {
  const output = await pipe(
    bootstrapCommand(suite, definition.packages, apt, keyringsFor(suite)),
    importCommand({ ...image, changes: configuration(definition) }),
    options,
  );
  return output.trim().replace(/^sha256:/, '');
}
