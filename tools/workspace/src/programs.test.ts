// Nobody compiles programs in other languages before they run in somebody's Pod; so that is done here.
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const isLookedAt = (name: string): boolean => !['node_modules', 'dist'].includes(name) && !/^\../.test(name);

function programs(ending: string, directory = root): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return isLookedAt(entry.name) ? programs(ending, path) : [];
    return entry.name.endsWith(ending) ? [path] : [];
  });
}

const isInstalled = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;
const relative = (path: string): string => path.slice(root.length);

describe('shell', () => {
  const scripts = programs('.sh');
  /** By its first line; one without is given to `sh -c`. */
  const shellOf = (path: string): string =>
    /^#!.*\bbash|shell=bash/m.test(readFileSync(path, 'utf8')) ? 'bash' : 'sh';

  const lint = isInstalled('shellcheck');

  it.each(scripts.map(relative))(
    '%s can be parsed, and has no fault that shellcheck knows, where there is one',
    (script) => {
      const path = join(root, script);
      execFileSync(shellOf(path), ['-n', path], { stdio: 'pipe' });
      if (!lint) return;
      const { stdout } = spawnSync('shellcheck', ['--severity=warning', `--shell=${shellOf(path)}`, path]);
      expect(stdout.toString()).toBe('');
    },
  );
});

describe('Python', () => {
  it('can be compiled, without a warning', () => {
    const compile = 'import sys\nfor path in sys.argv[1:]: compile(open(path).read(), path, "exec")';
    execFileSync('python3', ['-B', '-W', 'error', '-c', compile, ...programs('.py')], { stdio: 'pipe' });
  });

  it('has tests of its own', () => {
    const all = programs('.py').filter((path) => !path.includes('/testing/'));
    const untested = all.filter(
      (path) => !path.endsWith('_test.py') && !all.includes(path.replace(/\.py$/, '_test.py')),
    );
    expect(untested).toEqual([]);
  });
});
