// What uwsgi loads as Keystone: see stackwright_keystone.py.
import { readFileSync } from 'node:fs';

/** By the names that Python imports them by. */
export const wsgiPrograms: Readonly<Record<string, string>> = {
  stackwright_keystone: readFileSync(new URL('./stackwright_keystone.py', import.meta.url), 'utf8'),
};
