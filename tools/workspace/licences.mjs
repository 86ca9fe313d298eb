// Which licences others' code may have. Who adds one here has read it.
import satisfies from 'spdx-satisfies';

/** Of what is handed on: in bundles, and so in images and published packages. They ask for their text to go along, no more. */
export const allowedInBundles = [
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'Python-2.0',
  'Unlicense',
];

/** Of what only builds and tests: it may ask for more of who hands it on, as nobody here does. */
export const allowedForTools = [...allowedInBundles, 'CC-BY-3.0', 'CC-BY-4.0', 'MPL-2.0'];

/** Whether an SPDX expression can be met with these licences. What is no expression cannot. */
export function isAllowed(licence, allowed) {
  try {
    return satisfies(licence, allowed);
  } catch {
    return false;
  }
}
