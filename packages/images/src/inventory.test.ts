import { describe, expect, it } from 'vitest';
import { workspaceRoot } from './bundles.js';
import type { ImageDefinition } from './definition.js';
import { find } from './inventory.js';
import type { StoredImage } from './store.js';

const definition: ImageDefinition = {
  name: 'broker',
  tag: '1.1',
  description: '',
  from: { suite: 'trixie' },
  packages: [],
  megabytes: 1,
};
const ours: ImageDefinition = { ...definition, bundles: ['broker'] };

const stored = (...tags: string[]): StoredImage[] =>
  tags.map((tag) => ({
    id: tag,
    references: [`localhost/stackwright/${tag}`],
    hash: undefined,
    workspace: workspaceRoot(),
  }));

describe('the image of a definition on this machine', () => {
  it('is none whose tag only begins as its own', () => {
    expect(find(definition, stored('broker:1.10', 'broker:1.1-slim', 'broker:1.1'))?.id).toBe('broker:1.1');
    expect(find(definition, stored('broker:1.10', 'broker:1.1-0123456789ab'))).toBeUndefined();
  });

  it('has a hash in its tag where it is of our own programs', () => {
    const images = stored('broker:1.10-0123456789ab', 'broker:1.1-beta-0123456789ab', 'broker:1.1-0123456789ab');
    expect(find(ours, images)?.id).toBe('broker:1.1-0123456789ab');
  });
});
