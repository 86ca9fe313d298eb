import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { NOTICES, PACKAGES, writeThirdParty } from '../third-party.mjs';

const root = mkdtempSync(join(tmpdir(), 'third-party-'));
afterAll(() => rmSync(root, { recursive: true }));

function write(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

/** A package of somebody else's. */
const dependency = (name: string, licence: string | undefined, files: Record<string, string>): void =>
  write({
    [`node_modules/${name}/package.json`]: JSON.stringify({
      name,
      version: '1.2.3',
      license: licence,
      main: 'index.js',
    }),
    [`node_modules/${name}/index.js`]: `module.exports = '${name}';`,
    ...Object.fromEntries(Object.entries(files).map(([path, text]) => [`node_modules/${name}/${path}`, text])),
  });

/** Bundles a program that uses these, and writes what goes with it. */
async function bundle(...names: string[]): Promise<void> {
  write({ 'main.js': names.map((name) => `console.log(require('${name}'));`).join('\n') });
  const { metafile } = await build({
    entryPoints: [join(root, 'main.js')],
    outfile: join(root, 'dist/main.js'),
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    metafile: true,
    logLevel: 'silent',
  });
  writeThirdParty(join(root, 'dist'), [metafile], root);
}

const written = (file: string): string => readFileSync(join(root, 'dist', file), 'utf8');
const occurrences = (text: string, part: string): number => text.split(part).length - 1;

beforeEach(() => {
  rmSync(join(root, 'node_modules'), { recursive: true, force: true });
  rmSync(join(root, 'dist'), { recursive: true, force: true });
});

describe('the notices of a bundle', () => {
  it('have the texts of all whose code is in it, a shared one once, and of nobody else', async () => {
    dependency('a', 'MIT', { LICENSE: 'Shared text' });
    dependency('@scope/b', 'MIT', { 'license.md': 'Shared text\r\n', NOTICE: 'Thanks to C' });
    dependency('unused', 'MIT', { LICENSE: 'Text of what is not in it' });
    await bundle('a', '@scope/b');
    expect(written(NOTICES)).toContain('@scope/b 1.2.3, a 1.2.3\n\nShared text\n');
    expect(occurrences(written(NOTICES), 'Shared text')).toBe(1);
    expect(written(NOTICES)).toContain('Thanks to C');
    expect(written(NOTICES)).not.toContain('what is not in it');
    expect(JSON.parse(written(PACKAGES))).toEqual([
      { name: '@scope/b', version: '1.2.3', licence: 'MIT' },
      { name: 'a', version: '1.2.3', licence: 'MIT' },
    ]);
  });

  it('have what a source says of its own copyright', async () => {
    dependency('a', 'BSD-3-Clause', {
      LICENSE: 'Copyright A',
      'index.js': '// Copyright 2008 Somebody Else\n// All rights reserved.\nmodule.exports = 1;',
    });
    await bundle('a');
    expect(written(NOTICES)).toContain('Copyright 2008 Somebody Else\nAll rights reserved.');
  });

  it('go when nobody else is in the bundle any more', async () => {
    dependency('a', 'MIT', { LICENSE: 'Text' });
    await bundle('a');
    await bundle();
    expect(readdirSync(join(root, 'dist'))).toEqual(['main.js']);
  });
});

describe('a bundle is refused', () => {
  it.each(['GPL-3.0-only', 'MPL-2.0', 'SEE LICENSE IN LICENSE', 'MIT AND AGPL-3.0-only', undefined])(
    'with code under %s',
    async (licence) => {
      dependency('a', licence, { LICENSE: 'Text' });
      await expect(bundle('a')).rejects.toThrow(/not in tools\/workspace\/licences.mjs: a 1.2.3/);
    },
  );

  it('with code whose licence has no text', async () => {
    dependency('a', 'MIT', {});
    await expect(bundle('a')).rejects.toThrow('a 1.2.3 is in a bundle, and has no text of its licence');
  });

  it('not where one of several licences will do', async () => {
    dependency('a', '(GPL-2.0-only OR MIT)', { LICENSE: 'Text' });
    await bundle('a');
    expect(written(NOTICES)).toContain('a 1.2.3 ((GPL-2.0-only OR MIT))');
  });
});
