import type { ImageDefinition } from '../definition.js';

/** Debian without documentation, translations and recommended packages. */
export const base: ImageDefinition = {
  name: 'base',
  tag: 'trixie',
  description: 'Debian trixie, minimal',
  from: { suite: 'trixie' },
  // passwd: useradd for the layers above. ca-certificates: mirrors and identity providers over HTTPS.
  packages: ['ca-certificates', 'passwd'],
  environment: { LANG: 'C.UTF-8', PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
  megabytes: 90,
  internal: true,
};
