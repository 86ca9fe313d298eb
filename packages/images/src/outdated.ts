// Which packages of an image Debian has in a newer version by now: asked of apt itself, with the image's list of packages instead of the
// host's. Nothing of the host's own apt is changed.
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hostApt, renderSources } from './apt.js';
import { keyringsFor } from './base-image.js';
import { parseStatus, STATUS_FILE } from './packages.js';
import { capture } from './process.js';

export interface OutdatedPackage {
  name: string;
  installed: string;
  newer: string;
  /** Suites that have a newer one: `trixie-security`, `trixie`. */
  suites: readonly string[];
  /** Whether one of them is Debian's security suite. */
  security: boolean;
}

/** What Debian has at the moment for a suite; made once for all images that are made from it. */
export interface DebianIndex {
  /** Those of the packages in an image, whose files are at `root`, of which there is a newer version. */
  outdated(root: string): Promise<OutdatedPackage[]>;
}

/** Downloads the suite's lists of packages (about 10 MB) into `directory`, from the host's mirror. */
export async function debianIndex(suite: string, directory: string, signal?: AbortSignal): Promise<DebianIndex> {
  const apt = await hostApt(suite);
  const status = join(directory, 'status');
  const configuration = join(directory, 'apt.conf');
  await mkdir(join(directory, 'lists/partial'), { recursive: true });
  await mkdir(join(directory, 'cache'), { recursive: true });
  await writeFile(status, '');
  await writeFile(join(directory, 'sources.list'), renderSources(apt, keyringsFor(suite)));
  const settings = [
    `Dir::State "${directory}";`,
    `Dir::State::lists "${directory}/lists";`,
    `Dir::State::status "${status}";`,
    `Dir::Cache "${directory}/cache";`,
    `Dir::Etc::sourcelist "${directory}/sources.list";`,
    ...['sourceparts', 'parts', 'main', 'preferences', 'preferencesparts'].map(
      (part) => `Dir::Etc::${part} "/dev/null";`,
    ),
    'APT::Sandbox::User "root";',
    'Acquire::Languages "none";',
    ...apt.options,
  ];
  await writeFile(configuration, settings.map((line) => `${line}\n`).join(''));
  const environment = { APT_CONFIG: configuration, LC_ALL: 'C.UTF-8' };
  await capture('apt-get', ['update', '--quiet', '--error-on=any'], { signal, environment });
  return {
    async outdated(root) {
      await copyFile(join(root, STATUS_FILE), status);
      const names = parseStatus(await readFile(status, 'utf8')).map(({ name }) => name);
      return parsePolicy(await capture('apt-cache', ['policy', '--', ...names], { signal, environment }));
    },
  };
}

/** Reads `apt-cache policy`: versions from the newest on, each followed by where it is; the installed one is marked. */
export function parsePolicy(output: string): OutdatedPackage[] {
  const outdated: OutdatedPackage[] = [];
  for (const paragraph of output.split(/^(?=\S)/m)) {
    const name = /^(\S+):$/m.exec(paragraph)?.[1];
    const installed = /^ {2}Installed: (\S+)$/m.exec(paragraph)?.[1];
    const newer = /^ {2}Candidate: (\S+)$/m.exec(paragraph)?.[1];
    if (name === undefined || installed === undefined || newer === undefined || installed === newer) continue;
    // What stands above the installed version is newer.
    const [above = ''] = paragraph.slice(paragraph.indexOf('Version table:')).split(/^ \*\*\* /m, 1);
    const suites = [
      ...new Set([...above.matchAll(/^ +-?\d+ \S+ (\S+?)\/\S+ \S+ Packages$/gm)].map(([, suite = '']) => suite)),
    ];
    outdated.push({ name, installed, newer, suites, security: suites.some((suite) => suite.endsWith('-security')) });
  }
  return outdated;
}
