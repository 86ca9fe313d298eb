// Where packages come from is the host's business: images are made from the mirror, and through the proxy, that the
// host's own apt is set up for. Nothing of it is kept in an image.
import { ImageError } from './errors.js';
import { capture } from './process.js';

export interface AptSource {
  uri: string;
  suite: string;
}

export interface AptSetup {
  sources: readonly AptSource[];
  /** Lines of apt.conf. */
  options: readonly string[];
}

/** One package index that the host's apt knows, as `apt-get indextargets` reports it. */
interface IndexTarget {
  uri: string;
  release: string;
  component: string;
  origin: string;
  codename: string;
}

const FORMAT = ['REPO_URI', 'RELEASE', 'COMPONENT', 'ORIGIN', 'CODENAME'].map((field) => `$(${field})`).join('\t');

export function parseIndexTargets(output: string): IndexTarget[] {
  return output
    .split('\n')
    .map((line) => line.split('\t'))
    .filter((fields) => fields.length === 5)
    .map(([uri = '', release = '', component = '', origin = '', codename = '']) => ({
      uri,
      release,
      component,
      origin,
      codename,
    }));
}

/**
 * The host's Debian sources, for another suite: `bookworm-security` on the host says where `trixie-security` is.
 * A host whose apt has no Debian source (another distribution) has none of these.
 */
export function sourcesFor(suite: string, targets: readonly IndexTarget[]): AptSource[] {
  const sources = new Map<string, AptSource>();
  for (const target of targets) {
    if (target.origin !== 'Debian' || target.component !== 'main') continue;
    // `bookworm`, `bookworm-updates`, `bookworm-security`; also where the host's file says `stable-updates`.
    const pocket =
      /-(updates|security)$/.exec(target.codename)?.[0] ?? /-(updates|security)$/.exec(target.release)?.[0];
    if (pocket === undefined && target.codename.includes('-')) continue; // backports, proposed-updates
    const source = { uri: target.uri, suite: suite + (pocket ?? '') };
    sources.set(`${source.uri} ${source.suite}`, source);
  }
  return [...sources.values()];
}

/** How the host reaches its mirrors: proxies, certificates, a clock that is off. */
export function transportOptions(configDump: string): string[] {
  const wanted = /^Acquire::(http|https|ForceIPv4|ForceIPv6|Retries|Check-Valid-Until|Check-Date|Max-FutureTime)\b/i;
  return configDump.split('\n').filter((line) => wanted.test(line) && !line.endsWith(' "";'));
}

/** `STACKWRIGHT_DEBIAN_MIRROR` replaces the host's sources (on hosts that are not Debian). */
export async function hostApt(suite: string, environment: NodeJS.ProcessEnv = process.env): Promise<AptSetup> {
  const options = transportOptions(await capture('apt-config', ['dump']));
  const mirror = environment['STACKWRIGHT_DEBIAN_MIRROR'];
  if (mirror !== undefined && mirror !== '') return { sources: [{ uri: mirror, suite }], options };
  const targets = await capture('apt-get', ['indextargets', '--format', FORMAT, 'Identifier: Packages']);
  const sources = sourcesFor(suite, parseIndexTargets(targets));
  if (!sources.some((source) => source.suite === suite)) {
    throw new ImageError(
      'no-mirror',
      "The host's apt has no Debian source to take packages from: run apt-get update, or name a mirror with " +
        'STACKWRIGHT_DEBIAN_MIRROR=<uri>.',
    );
  }
  return { sources, options };
}

export const renderSources = ({ sources }: AptSetup): string =>
  sources.map(({ uri, suite }) => `deb ${uri} ${suite} main\n`).join('');
