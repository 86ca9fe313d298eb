import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startDevcluster } from './cluster.js';
import { openStateDirectory, writePrivate } from './state-directory.js';

let home: string;
let state: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'state-'));
  state = join(home, 'state');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const isRoot = process.getuid?.() === 0;
const nobody = 65534;
const refused = expect.objectContaining({ reason: 'UntrustedStateDirectory' }) as Error;

/** As one of an earlier start, with a token that somebody knows. */
function prepared(mode = 0o700): void {
  mkdirSync(join(state, 'auth'), { recursive: true, mode: 0o700 });
  writeFileSync(join(state, 'auth/admin-token'), 'known', { mode: 0o600 });
  chmodSync(state, mode);
}

describe('a state directory', () => {
  it('is made for its owner alone, with all that is above it, and opened again', () => {
    openStateDirectory(join(state, 'deep/er'));
    expect(statSync(join(state, 'deep/er')).mode & 0o777).toBe(0o700);
    expect(() => openStateDirectory(join(state, 'deep/er'))).not.toThrow();
    prepared();
    expect(() => openStateDirectory(state)).not.toThrow();
  });

  it.each([0o777, 0o707, 0o770, 0o755, 0o750, 0o701, 0o1777])('is refused with mode %o', (mode) => {
    prepared(mode);
    expect(() => openStateDirectory(state)).toThrow(refused);
  });

  it('is refused as a link, also to one of ours, and as a file', () => {
    mkdirSync(join(home, 'real'), { mode: 0o700 });
    symlinkSync(join(home, 'real'), state);
    expect(() => openStateDirectory(state)).toThrow(refused);
    writeFileSync(join(home, 'file'), '');
    expect(() => openStateDirectory(join(home, 'file'))).toThrow(refused);
  });

  it.each(['kubeconfig', 'pid', 'auth/x', 'pki/ca.key', 'store/log-0.jsonl', 'node', 'auth'])(
    'is refused with a link at %s',
    (name) => {
      if (name !== 'auth') prepared();
      for (const folder of ['.', 'pki', 'store']) mkdirSync(join(state, folder), { recursive: true, mode: 0o700 });
      symlinkSync('/etc/hostname', join(state, name));
      expect(() => openStateDirectory(state)).toThrow(refused);
    },
  );

  it('is refused with a file that others may write', () => {
    prepared();
    chmodSync(join(state, 'auth/admin-token'), 0o666);
    expect(() => openStateDirectory(state)).toThrow(refused);
  });

  it('is refused where anybody may put another one in its place', () => {
    prepared();
    chmodSync(home, 0o777);
    expect(() => openStateDirectory(state)).toThrow(refused);
    chmodSync(home, 0o1777);
    expect(() => openStateDirectory(state)).not.toThrow();
  });

  it.runIf(isRoot)('is refused when it is of somebody else, or anything in it is', () => {
    prepared();
    for (const path of ['auth/admin-token', 'auth', '.']) {
      chownSync(join(state, path), nobody, 0);
      expect(() => openStateDirectory(state)).toThrow(refused);
      chownSync(join(state, path), 0, 0);
    }
    expect(() => openStateDirectory(state)).not.toThrow();
  });

  it('that is refused starts no cluster, and is not written to', async () => {
    prepared(0o777);
    await expect(startDevcluster({ stateDirectory: state, node: 'none' })).rejects.toThrow(refused);
    expect(statSync(state).mode & 0o777).toBe(0o777);
    expect(() => statSync(join(state, 'store'))).toThrow('ENOENT');
  });
});

it('a private file takes the place of what lies in its way, and is not written through a link', () => {
  mkdirSync(state, { mode: 0o700 });
  const [path, theirs] = [join(state, 'kubeconfig'), join(home, 'theirs')];
  writeFileSync(theirs, 'theirs');
  symlinkSync(theirs, `${path}.new`);
  symlinkSync(theirs, path);
  writePrivate(path, 'ours');
  expect(readFileSync(theirs, 'utf8')).toBe('theirs');
  expect(readFileSync(path, 'utf8')).toBe('ours');
  expect(statSync(path).mode & 0o777).toBe(0o600);
});
