import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { initSql, installCommand, myCnf, paths, serverOptions, upgradeCommand } from './files.js';

const conf = (spec: Parameters<typeof serverOptions>[0] = {}) => myCnf(serverOptions(spec));

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

describe('any password in the init file', () => {
  it('is one literal of SQL, on one line', () => {
    const read = (literal: string) =>
      literal.replaceAll(/\\(.)/gs, (_, char: string) => ({ n: '\n', r: '\r', 0: '\0' })[char] ?? char);
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 24 }), (password) => {
        const lines = initSql(password).split('\n');
        const found = /^ALTER USER 'root'@'%' IDENTIFIED BY '((?:[^'\\]|\\.)*)';$/.exec(
          lines.find((line) => line.startsWith('ALTER')) ?? '',
        );
        expect(read(found?.[1] ?? '')).toBe(password);
      }),
    );
  });
});

describe('the data directory', () => {
  it('is below the root of the volume', () => {
    expect(conf()).toContain(`datadir = ${paths.data}\n`);
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

describe('the configuration', () => {
  it.each([
    ['half of what it requests', {}, 256],
    ['half of its limit', { limits: { memory: '4Gi' } }, 2048],
    ['half of the request that takes the place of ours', { requests: { memory: '1Gi' } }, 512],
    ['no less than it needs', { limits: { memory: '64Mi' } }, 64],
  ])('gives the buffer pool %s', (_, resources, mebibytes) => {
    expect(conf({ resources })).toContain(`innodb_buffer_pool_size = ${mebibytes * 2 ** 20}\n`);
  });

  it('keeps services from error 1020, and tables from another collation', () => {
    expect(conf()).toContain('loose_innodb_snapshot_isolation = OFF\n');
    expect(conf()).toContain('collation_server = utf8mb4_uca1400_ai_ci\n');
    expect(conf()).toContain('loose_character_set_collations = utf8mb3=utf8mb3_uca1400_ai_ci,');
  });

  it('listens on all addresses of the Pod, whatever their family', () => {
    expect(conf()).toContain('bind_address = *\n');
  });

  it('has what the user sets, however it is spelt, in the place of ours', () => {
    const text = conf({
      config: { 'Max-Connections': 2000, slow_query_log: true, sql_mode: 'A,B', ft_stopword_file: 'a "b"#' },
    });
    expect(text).toContain('max_connections = 2000\n');
    expect(text).not.toContain('1024');
    expect(text).toContain('slow_query_log = true\n');
    expect(text).toContain('ft_stopword_file = "a \\"b\\"#"\n');
  });

  it.each([
    ['datadir', 'it is where the Pod has it'],
    ['bind-address', 'it is where the Pod has it'],
    ['loose_bind_address', 'it is where the Pod has it'],
    ['PORT', 'it is where the Pod has it'],
    ['data', 'it is the beginning of datadir'],
    ['disable_networking', 'another way to write skip_networking'],
    ['enable-skip-name-resolve', 'another way to write'],
    ['skip_grant_tables', 'nobody else may log in'],
    ['init_file', 'password of root'],
    ['innodb-snapshot-isolation', 'error 1020'],
    ['skip-innodb-snapshot-isolation', 'another way to write'],
    ['collation_server', 'collation'],
    // Data in another place than the volume, or another form than what is there has.
    ['innodb_data_home_dir', 'it is where the Pod has it'],
    ['innodb-log-group-home-dir', 'it is where the Pod has it'],
    ['loose_innodb_undo_directory', 'it is where the Pod has it'],
    ['innodb_data_file_path', 'it is where the Pod has it'],
    ['aria_log_dir', 'it is the beginning of aria_log_dir_path'],
    ['innodb_page_size', 'the volume holds data that was written otherwise'],
    ['lower-case-table-names', 'the volume holds data that was written otherwise'],
    ['wsrep_on', 'no setting of a server'],
    ['includedir', 'no setting of a server'],
  ])('refuses %s by its name', (name, why) => {
    expect(() => conf({ config: { [name]: 'x' } })).toThrow(`spec.config.${name} cannot be set: `);
    expect(() => conf({ config: { [name]: 'x' } })).toThrow(why);
  });

  it.each([
    ['a=b', 'x', 'is no name of an option'],
    ['', 'x', 'is no name of an option'],
    ['sql_mode', 'a\nskip-grant-tables', 'has more than one line'],
    ['sql_mode', { a: 1 }, 'is neither a string, a number nor a boolean'],
    ['sql_mode', 'x'.repeat(5000), 'has more than 4096 characters'],
  ])('refuses %o with %o', (name, value, why) => {
    expect(() => conf({ config: { [name]: value as string } })).toThrow(why);
  });

  it('refuses one option twice', () => {
    expect(() => conf({ config: { sql_mode: 'a', 'sql-mode': 'b' } })).toThrow('is set twice');
  });
});

describe('the upgrade', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'upgrade-'));
    mkdirSync(join(directory, 'data'));
    program(
      'mariadbd',
      `if [ "$2" = --version ]; then echo "mariadbd  Ver 11.8.9-MariaDB for Linux"; else exec sleep 60; fi`,
    );
    program('mariadb-admin', 'exit 0');
    program('mariadb-upgrade', `echo "$*" > ${directory}/upgraded`);
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const program = (name: string, script: string) =>
    writeFileSync(join(directory, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const recorded = (version: string, file = 'mariadb_upgrade_info') =>
    writeFileSync(join(directory, 'data', file), version);
  const upgrade = () => {
    const [shell = '', ...words] = [...upgradeCommand.slice(0, -3), join(directory, 'data'), 'my.cnf', 'socket'];
    const env = { PATH: `${directory}:${process.env['PATH'] ?? ''}` };
    const { status, stderr } = spawnSync(shell, words, { env, encoding: 'utf8' });
    return { status, stderr, upgraded: readdirSync(directory).includes('upgraded') };
  };

  it.each([
    ['11.8.9-MariaDB', false],
    ['11.8.2-MariaDB', false],
    ['10.11.14-MariaDB', true],
    ['11.4.1-MariaDB', true],
  ])('of data of %s: system tables are brought to this form: %s', (version, upgraded) => {
    recorded(version);
    expect(upgrade()).toMatchObject({ status: 0, upgraded });
  });

  it('knows the record of older servers, and does nothing where there is none', () => {
    expect(upgrade()).toMatchObject({ status: 0, upgraded: false });
    recorded('10.5.1-MariaDB', 'mysql_upgrade_info');
    expect(upgrade()).toMatchObject({ status: 0, upgraded: true });
  });

  it.each(['12.0.1-MariaDB', '11.10.1-MariaDB'])('refuses data of %s, and starts no server', (version) => {
    recorded(version);
    program('mariadbd', 'if [ "$2" = --version ]; then echo "mariadbd  Ver 11.8.9-MariaDB"; else touch started; fi');
    const { status, stderr } = upgrade();
    expect(status).toBe(1);
    expect(stderr).toContain('a server does not go back to an older version');
  });

  it('fails where the upgrade does, so that it is tried again', () => {
    recorded('10.11.14-MariaDB');
    program('mariadb-upgrade', 'exit 2');
    expect(upgrade()).toMatchObject({ status: 1 });
  });
});
