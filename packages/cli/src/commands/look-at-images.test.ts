import { expect, it } from 'vitest';
import { sayOutdated } from './look-at-images.js';

const update = (name: string, suite: string) => ({
  name,
  installed: '1',
  newer: '2',
  suites: [suite],
  security: suite.endsWith('-security'),
});

it('says each newer package once, security updates first, with the images that have it', () => {
  const lines = sayOutdated([
    { image: 'base:trixie', outdated: [update('tzdata', 'trixie'), update('openssl', 'trixie-security')] },
    { image: 'keystone:2025.1', outdated: [update('openssl', 'trixie-security')] },
  ]);
  expect(lines.slice(0, 3)).toEqual([
    'PACKAGE  INSTALLED  NEWER  FROM             IN',
    'openssl  1          2      trixie-security  base:trixie, keystone:2025.1',
    'tzdata   1          2      trixie           base:trixie',
  ]);
  expect(lines).toContain('2 packages, 1 of them security updates. To take them:');
});

it('says that nothing is newer, and of what', () => {
  expect(sayOutdated([{ image: 'node:24', outdated: [] }])).toEqual([
    'Debian has nothing newer than what is in node:24.',
  ]);
});
