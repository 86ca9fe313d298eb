import { expect, it } from 'vitest';
import { configuration, containerfile } from './containerfile.js';
import type { ImageDefinition } from './definition.js';

const parent: ImageDefinition = {
  name: 'base',
  tag: 'trixie',
  description: '',
  from: { suite: 'trixie' },
  packages: [],
  megabytes: 1,
};
const child: ImageDefinition = { ...parent, name: 'child', tag: '1', from: { image: 'base:trixie' } };

it('creates users with their fixed ids before packages are installed, and checks them after', () => {
  const text = containerfile({ ...child, accounts: ['keystone'], packages: ['keystone'], user: 'keystone' }, parent);
  expect(text).toMatch(/^FROM localhost\/stackwright\/base:trixie\nRUN set -eu; /);
  const at = [
    'groupadd --gid 64110 keystone',
    'useradd',
    'apt-get install',
    'test "$(id -u keystone)',
    'rm -rf /var/lib/apt/lists',
  ].map((part) => text.indexOf(part));
  expect(at.every((position) => position > 0)).toBe(true);
  expect(at).toEqual([...at].sort((a, b) => a - b));
  expect(text).toMatch(/USER 64110:64110\n$/);
});

it('copies bundles without running anything', () => {
  expect(containerfile({ ...child, bundles: ['keystone', 'mariadb'] }, parent)).toBe(
    'FROM localhost/stackwright/base:trixie\n' + 'COPY bundles/ /opt/stackwright/\n',
  );
});

it('quotes environment and command', () => {
  expect(configuration({ ...child, environment: { A: 'b c' }, command: ['x', '-y'] })).toEqual([
    'ENV A="b c"',
    'CMD ["x","-y"]',
  ]);
});
