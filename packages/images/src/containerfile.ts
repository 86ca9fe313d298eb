import { accounts, type AccountName } from './accounts.js';
import { keyOf, registry, type ImageDefinition } from './definition.js';

/** Mounted there while an image is built: `apt.conf` and the sources it names. The directory is Debian's own. */
export const APT_MOUNT = '/mnt';

/** The Containerfile of an image that stands on another one. Its context holds `bundles/` when it has any. */
export function containerfile(definition: ImageDefinition, parent: ImageDefinition): string {
  const lines = [`FROM ${registry}/${keyOf(parent)}`];
  const script = setup(definition);
  if (script.length > 0) lines.push(`RUN ${['set -eu', ...script].join('; \\\n    ')}`);
  if (definition.bundles !== undefined) lines.push('COPY bundles/ /opt/stackwright/');
  return [...lines, ...configuration(definition)].map((line) => `${line}\n`).join('');
}

/** What containers start with, as Containerfile instructions; `podman import --change` takes the same. */
export function configuration({ environment = {}, user, command }: ImageDefinition): string[] {
  const lines = Object.entries(environment).map(([name, value]) => `ENV ${name}=${JSON.stringify(value)}`);
  // As numbers, so that `runAsNonRoot` can be checked without looking into the image.
  if (user !== undefined) lines.push(`USER ${accounts[user].uid}:${accounts[user].uid}`);
  if (command !== undefined) lines.push(`CMD ${JSON.stringify(command)}`);
  return lines;
}

function setup({ accounts: users = [], packages, after = [] }: ImageDefinition): string[] {
  const script = users.flatMap(createAccount);
  if (packages.length > 0) {
    script.push(
      `export DEBIAN_FRONTEND=noninteractive APT_CONFIG=${APT_MOUNT}/apt.conf`,
      'apt-get update --quiet',
      `apt-get install --quiet --yes ${packages.join(' ')}`,
    );
  }
  script.push(...after, ...users.map(checkAccount));
  if (packages.length > 0)
    script.push(
      withoutSetId('/'),
      'rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/apt/archives/*.deb /var/log/*.log /var/log/apt/*',
    );
  return script;
}

/**
 * Nothing in a container becomes somebody else by being run: `su`, `passwd`, `sudo` and their like work for root only. Directories keep
 * their bit, which gives files a group and nobody a right.
 */
export const withoutSetId = (root: string): string => `find ${root} -xdev -type f -perm /6000 -exec chmod ug-s {} +`;

function createAccount(name: AccountName): string[] {
  const { uid, home } = accounts[name];
  return [
    `groupadd --gid ${uid} ${name}`,
    // The range of ids is Debian's for such users, which useradd would otherwise warn about.
    `useradd --key UID_MAX=65000 --uid ${uid} --gid ${name} --home-dir ${home} --no-create-home --shell /usr/sbin/nologin ${name}`,
  ];
}

/** A package that made its own user of that name would break volumes in silence; so it breaks the build. */
const checkAccount = (name: AccountName): string =>
  `test "$(id -u ${name}):$(id -g ${name})" = ${accounts[name].uid}:${accounts[name].uid}`;
