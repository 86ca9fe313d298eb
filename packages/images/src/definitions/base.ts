import type { ImageDefinition } from '../definition.js';

/** Debian without documentation, translations and recommended packages. */
const minimal = (suite: string): ImageDefinition => ({
  name: 'base',
  tag: suite,
  description: `Debian ${suite}, minimal`,
  from: { suite },
  // passwd: useradd for the layers above. ca-certificates: mirrors and identity providers over HTTPS.
  packages: ['ca-certificates', 'passwd'],
  environment: { LANG: 'C.UTF-8', PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
  megabytes: 90,
  internal: true,
});

/** What OpenStack and its servers stand on: the suite that has OpenStack 2025.1. */
export const base = minimal('trixie');

/** What our own programs stand on: the suite that has a Node.js which its project supports. */
export const newerBase = minimal('forky');
