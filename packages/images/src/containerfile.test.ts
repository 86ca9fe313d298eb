import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { bootstrapCommand } from './base-image.js';
import { configuration, containerfile, withoutSetId } from './containerfile.js';
import { keyOf, type ImageDefinition } from './definition.js';
import { definitions } from './definitions/index.js';
import { parentOf } from './graph.js';

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

it('leaves no program that makes somebody else of who runs it, whatever was installed', () => {
  const root = mkdtempSync(join(tmpdir(), 'set-id-'));
  try {
    mkdirSync(join(root, 'bin'), { recursive: true });
    for (const [name, mode] of [
      ['su', 0o4755],
      ['chage', 0o2755],
      ['both', 0o6711],
      ['cat', 0o755],
    ] as const) {
      writeFileSync(join(root, 'bin', name), '');
      chmodSync(join(root, 'bin', name), mode);
    }
    chmodSync(join(root, 'bin'), 0o2775);
    execFileSync('sh', ['-euc', withoutSetId(root)]);
    const modeOf = (path: string): number => statSync(join(root, path)).mode & 0o7777;
    expect(['bin/su', 'bin/chage', 'bin/both', 'bin/cat'].map(modeOf)).toEqual([0o755, 0o755, 0o711, 0o755]);
    expect(modeOf('bin')).toBe(0o2775);
    // Where there is none, nothing is run.
    execFileSync('sh', ['-euc', withoutSetId(root)]);
  } finally {
    rmSync(root, { recursive: true });
  }
});

it.each(
  definitions
    .filter(({ packages }) => packages.length > 0)
    .map((definition) => [keyOf(definition), definition] as const),
)('%s is made without such programs, after everything that is installed', (_, definition) => {
  const above = parentOf(definition, definitions);
  const recipe =
    above === undefined
      ? bootstrapCommand('trixie', [], { sources: [], options: [] }, []).args.join('\n').replaceAll('"$1"', '/')
      : containerfile(definition, above);
  expect(recipe).toContain(withoutSetId('/'));
  for (const part of ['apt-get install', ...(definition.after ?? [])]) {
    expect(recipe.indexOf(part)).toBeLessThan(recipe.indexOf(withoutSetId('/')));
  }
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
