import { describe, expect, it } from 'vitest';
import { initSql, installScript, myCnf, paths } from './files.js';

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
  it('is below the root of the volume, and moved into place when it is whole', () => {
    expect(myCnf).toContain(`datadir = ${paths.data}\n`);
    expect(paths.data.startsWith(`${paths.volume}/`)).toBe(true);
    expect(installScript).toMatch(new RegExp(`\\[ -d ${paths.data} \\] && exit 0`));
    expect(installScript.trimEnd()).toMatch(new RegExp(`mv .* ${paths.data}$`));
  });
});
