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

/** As apt reads them. */
const isOff = (value: string): boolean => /^(?:0|no|false|without|off|disable)$/i.test(value.trim());
const isOn = (value: string): boolean => /^(?:1|yes|true|with|on|enable)$/i.test(value.trim());

/**
 * Settings by which apt takes packages from whoever answers; of one host too (`Acquire::https::mirror.example.org::Verify-Peer`). Some are
 * not taken over into builds: but Debian's keys are, and they came to the host by its apt.
 */
const insecure: readonly { name: RegExp; when: (value: string) => boolean }[] = [
  { name: /^Acquire::https(?:::.+)?::Verify-(?:Peer|Host)$/i, when: isOff },
  {
    name: /^Acquire::(?:AllowInsecureRepositories|AllowWeakRepositories|AllowDowngradeToInsecureRepositories)$/i,
    when: isOn,
  },
  { name: /^APT::Get::AllowUnauthenticated$/i, when: isOn },
];

/** Throws where the host's apt is told to trust anybody: images that are made so would be anybody's. */
export function refuseInsecure(configDump: string): void {
  const found = configDump.split('\n').filter((line) => {
    const [, name = '', value = ''] = /^(\S+) "(.*)";$/.exec(line) ?? [];
    return insecure.some((setting) => setting.name.test(name) && setting.when(value));
  });
  if (found.length > 0) {
    throw new ImageError(
      'insecure-apt',
      `The host's apt is set up to trust whoever answers, and no image is built so: ${found.join(' ')} ` +
        'It is in /etc/apt/apt.conf or apt.conf.d (grep -ri for its last part). A mirror with a certificate of your own belongs into ' +
        '/usr/local/share/ca-certificates (update-ca-certificates), and its keys into a keyring.',
    );
  }
}

/** `STACKWRIGHT_DEBIAN_MIRROR` replaces the host's sources (on hosts that are not Debian). */
export async function hostApt(suite: string, environment: NodeJS.ProcessEnv = process.env): Promise<AptSetup> {
  const dump = await capture('apt-config', ['dump']);
  refuseInsecure(dump);
  const options = transportOptions(dump);
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

/** `keyrings`: files whose keys sign, where those that apt trusts by itself do not. */
export function renderSources({ sources }: AptSetup, keyrings: readonly string[] = []): string {
  const signed = keyrings.length === 0 ? '' : `[signed-by=${keyrings.join(',')}] `;
  return sources.map(({ uri, suite }) => `deb ${signed}${uri} ${suite} main\n`).join('');
}
