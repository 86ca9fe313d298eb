import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { literal, renderOsloConfig } from '../config/oslo-config.js';
import { databaseOptionFile, databaseSection } from '../config/sections.js';
import type { Database } from '../service/builder.js';
import { lineIn, passwordIn } from './text.js';
import { secretWith } from './secret.js';

const password = fc.oneof(
  fc.string({ minLength: 1, maxLength: 24 }),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ unit: fc.constantFrom(...'%@:/?#$\\\'"` ;=[]{}~+&,aZ0\n\r\0é'), maxLength: 12 }),
);
const secretOf = (text: string) =>
  ({ ...secretWith('x', { password: text }), apiVersion: 'v1', kind: 'Secret' }) as const;

/** As oslo.config reads an option: one pair of quotes off, then "$$" and "\$" are "$", and "$name" another option. */
function osloValue(text: string, option: string): string {
  const line = text.split('\n').find((one) => one.startsWith(`${option} =`)) ?? '';
  const given = line.slice(line.indexOf('=') + 1).trim();
  const bare = given.length > 0 && /^["']/.test(given) && given.at(-1) === given[0] ? given.slice(1, -1) : given;
  return bare.replaceAll('\\$', '$$$$').replaceAll(/\$\$|\$[_a-z][._a-z0-9]*/gi, (found) => {
    if (found !== '$$') throw new Error(`substituted: ${found}`);
    return '$';
  });
}

/** As SQLAlchemy reads the password of a URL (sqlalchemy/engine/url.py), and PyMySQL that of an option file. */
const urlPassword = (url: string) => decodeURIComponent(/^[\w+]+:\/\/[^:/]*:([^@]*)@/.exec(url)?.[1] ?? '');
function filePassword(file: string): string {
  const value = (/^password = (.*)$/m.exec(file)?.[1] ?? '').trim();
  return /^(["']).*\1$/.test(value) && value.length >= 2 ? value.slice(1, -1) : value;
}

describe('any password', () => {
  it('is refused, or reaches every program as it is', () => {
    fc.assert(
      fc.property(password, (chosen) => {
        const read = passwordIn(secretOf(chosen), 'password');
        if ('problem' in read) return;
        const { text } = read;
        expect(chosen.replace(/\r?\n$/, '')).toBe(text);

        const rendered = renderOsloConfig({ keystone_authtoken: { password: literal(text) } });
        expect(osloValue(rendered, 'password')).toBe(text);

        const url = `mysql+pymysql://keystone:${encodeURIComponent(text)}@mariadb.ns.svc:3306/keystone`;
        const database = { url, password: text } as Database;
        const read1 = osloValue(renderOsloConfig({ database: databaseSection(database) }), 'connection');
        expect(urlPassword(read1)).toBe(text);

        // What keystone-manage hands to alembic must have no "%".
        const optionFile = '/etc/keystone/database.cnf';
        const read2 = osloValue(
          renderOsloConfig({ database: databaseSection(database, { optionFile }) }),
          'connection',
        );
        expect(read2).not.toContain('%');
        const file = databaseOptionFile(database);
        expect(file === undefined ? urlPassword(read2) : filePassword(file)).toBe(text);
        if (file !== undefined)
          expect(read2).toBe(`mysql+pymysql://keystone@mariadb.ns.svc:3306/keystone?read_default_file=${optionFile}`);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each(['letters', '50%', 'a@b', `"'`, ' ', '\\', '$', '$$x', '%(x)s', '#;', 'x'.repeat(200)])(
    'is taken: %o',
    (text) => {
      expect(passwordIn(secretOf(`${text}\n`), 'password')).toEqual({ text });
    },
  );
});

describe('a line of a Secret', () => {
  it.each([
    ['db.example.org\n', 'db.example.org'],
    ['db.example.org\r\n', 'db.example.org'],
    ['münchen', 'münchen'],
  ])('%o is %o', (given, text) => {
    expect(lineIn(secretOf(given), 'password')).toEqual({ text });
  });

  it.each(['', '\n', 'a\nb\n', 'a\n\n', '\u001b[2J', '\ufeffa'])('%o is refused', (given) => {
    expect(lineIn(secretOf(given), 'password')).toHaveProperty('problem');
    expect(JSON.stringify(lineIn(secretOf(given), 'password'))).not.toContain('[2J');
  });
});
