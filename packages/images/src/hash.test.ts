import { describe, expect, it } from 'vitest';
import type { ImageDefinition } from './definition.js';
import { contentHash } from './hash.js';

const base: ImageDefinition = {
  name: 'base',
  tag: 'trixie',
  description: 'd',
  from: { suite: 'trixie' },
  packages: ['passwd'],
  megabytes: 1,
};
const child: ImageDefinition = { ...base, name: 'child', from: { image: 'base:trixie' }, packages: ['nodejs'] };
const file = (path: string, text: string) => ({ path, content: Buffer.from(text) });
const hashOf = (definition: ImageDefinition, root = base, files = [file('a/main.js', '1')]): string =>
  contentHash(definition, { definition: root, hash: contentHash(root, undefined) }, files);

describe('the content hash', () => {
  it('stays when nothing that matters changes', () => {
    expect(hashOf({ ...child, description: 'other', megabytes: 2 })).toBe(hashOf(child));
  });

  it.each([
    ['packages', hashOf({ ...child, packages: ['nodejs', 'npm'] })],
    ['commands after them', hashOf({ ...child, after: ['true'] })],
    ['the user', hashOf({ ...child, user: 'keystone' })],
    ['environment', hashOf({ ...child, environment: { A: '1' } })],
    ['the image it stands on', hashOf(child, { ...base, packages: [] })],
    ['a bundle', hashOf(child, base, [file('a/main.js', '2')])],
    ["a bundle's name", hashOf(child, base, [file('b/main.js', '1')])],
  ])('changes with %s', (_, changed) => {
    expect(changed).not.toBe(hashOf(child));
  });

  it('does not depend on the order in which files were read', () => {
    const files = [file('a', '1'), file('b', '2')];
    expect(hashOf(child, base, files)).toBe(hashOf(child, base, files.reverse()));
  });
});
