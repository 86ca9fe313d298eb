// What is installed: nothing that runs by being installed, and nothing under a licence that nobody has looked at.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { allowedForTools, isAllowed } from '../licences.mjs';

const root = join(import.meta.dirname, '../../..');

interface Locked {
  link?: boolean;
  license?: string;
  hasInstallScript?: boolean;
}
const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: Record<string, Locked> };
/** All but this workspace's own. */
const packages = Object.entries(lock.packages)
  .filter(([path, { link }]) => path.includes('node_modules/') && link !== true)
  .map(([path, locked]) => ({
    name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
    ...locked,
  }));

/** Packages that would run something when they are installed, and why they need not. */
const withoutTheirScript: Record<string, string> = {
  esbuild: 'its program comes as an optional package for each platform; the script only makes it start sooner',
  nx: 'its native part comes as an optional package for each platform; the script only warms a cache',
};

it('npm runs no script of a package that it installs', () => {
  expect(readFileSync(join(root, '.npmrc'), 'utf8')).toMatch(/^ignore-scripts=true$/m);
});

it('every package that has such a script is known to work without', () => {
  const names = packages.filter(({ hasInstallScript }) => hasInstallScript).map(({ name }) => name);
  expect([...new Set(names)].sort()).toEqual(Object.keys(withoutTheirScript));
});

it('every package is under a licence that is allowed', () => {
  const refused = packages.filter(({ license }) => !isAllowed(license, allowedForTools));
  expect(refused.map(({ name, license }) => `${name}: ${license ?? 'no licence'}`)).toEqual([]);
});

it.each(['node_modules/a', 'packages/images/node_modules/a'])('a package that is missing is noticed: %s', (path) => {
  const clone = mkdtempSync(join(tmpdir(), 'installed-'));
  const check = (): number | null =>
    spawnSync(process.execPath, [join(root, 'tools/setup/npm-packages-installed.mjs')], { cwd: clone }).status;
  const write = (file: string, packages: object) => writeFileSync(join(clone, file), JSON.stringify({ packages }));
  try {
    mkdirSync(join(clone, 'node_modules'));
    write('package-lock.json', { '': {}, [path]: { version: '1.0.0' } });
    write('node_modules/.package-lock.json', { [path]: { version: '1.0.0' } });
    expect(check()).toBe(0);
    write('node_modules/.package-lock.json', {});
    expect(check()).toBe(1);
  } finally {
    rmSync(clone, { recursive: true });
  }
});
