import { expect, it } from 'vitest';
import { keyringsFor } from './base-image.js';
import { checkPrerequisites } from './prerequisites.js';

it('asks for root first', () => {
  expect(() => checkPrerequisites({ uid: 1000, exists: () => false })).toThrow(/needs root/);
});

it('names every missing package in one error, and none when all are there', () => {
  expect(() => checkPrerequisites({ uid: 0, exists: (file) => !/podman|mmdebstrap/.test(file) })).toThrow(
    'Debian packages are missing: apt-get install podman mmdebstrap',
  );
  expect(() =>
    checkPrerequisites({ uid: 0, exists: (file) => file.endsWith('.pgp') || file.includes('bin/') }),
  ).not.toThrow();
});

it('finds the keys of a suite under either name, or says which package is too old', () => {
  expect(keyringsFor('trixie', (file) => file.endsWith('trixie-stable.pgp'))).toEqual([
    '/usr/share/keyrings/debian-archive-trixie-stable.pgp',
  ]);
  // Testing is signed with the keys of the release before it.
  expect(keyringsFor('forky', (file) => file.endsWith('trixie-automatic.gpg'))).toEqual([
    '/usr/share/keyrings/debian-archive-trixie-automatic.gpg',
  ]);
  expect(() => keyringsFor('trixie', () => false)).toThrow(
    /trixie-stable.gpg.*upgrade the package debian-archive-keyring/,
  );
});
