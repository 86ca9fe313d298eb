import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { initSql, installCommand, myCnf, paths } from './files.js';

describe('the init file', () => {
  it('sets the root password at each start, one statement a line', () => {
    const lines = initSql('secret').trimEnd().split('\n');
    expect(lines).toContain("ALTER USER 'root'@'%' IDENTIFIED BY 'secret';");
    for (const line of lines) expect(line).toMatch(/;$/);
  });

  it.each([
    ["o'brien", "'o\\'brien'"],
    ['back\\slash', "'back\\\\slash'"],
    ['two\nlines', "'two\\nlines'"],
  ])('quotes %o', (password, literal) => {
    expect(initSql(password)).toContain(`IDENTIFIED BY ${literal};`);
  });
});

describe('the data directory', () => {
  it('is below the root of the volume', () => {
    expect(myCnf).toContain(`datadir = ${paths.data}\n`);
    expect(paths.data.startsWith(`${paths.volume}/`)).toBe(true);
    expect(installCommand.slice(-2)).toEqual([paths.volume, paths.data]);
  });
});

describe('the installation', () => {
  let volume: string;
  let programs: string;
  beforeEach(() => {
    volume = mkdtempSync(join(tmpdir(), 'volume-'));
    programs = mkdtempSync(join(tmpdir(), 'programs-'));
    installer('mkdir -p "${1#--datadir=}"; echo "$*" > "${1#--datadir=}/made"');
  });
  afterEach(() => {
    for (const directory of [volume, programs]) rmSync(directory, { recursive: true });
  });

  const installer = (script: string) =>
    writeFileSync(join(programs, 'mariadb-install-db'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const install = () => {
    const [shell, ...words] = [...installCommand.slice(0, -2), volume, join(volume, 'data')];
    const env = { PATH: `${programs}:${process.env['PATH'] ?? ''}` };
    return spawnSync(shell ?? '', words, { env }).status;
  };

  it('fills an empty volume, and is moved into place when it is whole', () => {
    expect(install()).toBe(0);
    expect(readdirSync(volume)).toEqual(['data']);
    expect(readFileSync(join(volume, 'data/made'), 'utf8')).toContain(`--datadir=${volume}/.installing --skip-test-db`);
  });

  it('leaves nothing that looks like a database when it fails, and what is left is no hindrance', () => {
    installer('mkdir -p "${1#--datadir=}"; touch "${1#--datadir=}/half"; exit 1');
    expect(install()).not.toBe(0);
    expect(readdirSync(volume)).toEqual(['.installing']);
    installer('mkdir "${1#--datadir=}"');
    expect(install()).toBe(0);
    expect(readdirSync(join(volume, 'data'))).toEqual([]);
  });

  it('touches no data that is there', () => {
    mkdirSync(join(volume, 'data'));
    writeFileSync(join(volume, 'data/theirs'), '');
    installer('exit 1');
    expect(install()).toBe(0);
    expect(readdirSync(join(volume, 'data'))).toEqual(['theirs']);
  });
});
