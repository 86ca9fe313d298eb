import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ContainerSpec } from '../../runtime.js';
import { hostPathOf, type ProgramContext } from '../program.js';
import { settingsOf } from './settings.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'settings-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const specWith = (...mounts: [hostPath: string, containerPath: string][]): ContainerSpec =>
  ({
    mounts: mounts.map(([hostPath, containerPath]) => ({ hostPath, containerPath, readOnly: true })),
  }) as unknown as ContainerSpec;

function settings(text: string) {
  writeFileSync(join(directory, 'a.conf'), text);
  return settingsOf({ spec: specWith([directory, '/etc/a']) } as ProgramContext, '/etc/a');
}

describe('mounted configuration', () => {
  it('is read by section', () => {
    expect(
      settings('debug = true\n[database]\nconnection=mysql://a:b=c@d\n# no = x\n  more = y\n[ api ]\n a\n'),
    ).toEqual({
      DEFAULT: { debug: 'true' },
      database: { connection: 'mysql://a:b=c@d' },
    });
  });

  it.each(['__proto__', 'constructor', 'toString'])('says nothing of anything else: section and option %s', (name) => {
    const read = settings(`[${name}]\n${name} = x\npolluted = x\n`);
    expect(read[name]?.['polluted']).toBe('x');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(({} as Record<string, unknown>)[name]).not.toBe('x');
  });

  it('is read once, however long its lines are', () => {
    // The square of these lengths would not be done today.
    expect(settings(`a${' '.repeat(500_000)}b\n[${'['.repeat(500_000)}\nx = ${' '.repeat(500_000)}y`)).toEqual({
      DEFAULT: { x: 'y' },
    });
  });
});

describe("a container's path", () => {
  const spec = specWith(['/host/a', '/etc/a'], ['/host/b', '/etc/a/b'], ['/host/c', '/c/']);

  it.each([
    ['/etc/a/x', '/host/a/x'],
    ['/etc/a', '/host/a'],
    ['/etc/a/b/x', '/host/b/x'],
    ['/etc/a/./b/../x', '/host/a/x'],
    ['/c/x', '/host/c/x'],
    ['/etc/ab', undefined],
    ['/etc/a/../../etc/shadow', undefined],
    ['/etc/a/b/../../../../root/x', undefined],
    ['../../etc/shadow', undefined],
  ])('%s is %s on the host, and never out of a volume', (path, host) => {
    expect(hostPathOf(spec, path)).toBe(host);
  });
});
