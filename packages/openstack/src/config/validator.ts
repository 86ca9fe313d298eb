// The program that judges a configuration, inside the service's own image: only its packages know which options there are.
import { readFileSync } from 'node:fs';
import type { MoreOptions } from '../catalog/catalog.js';

/** What is said of one file. */
export interface FileCheck {
  /** Of `oslo.config.opts`. */
  namespaces: readonly string[];
  dynamic: readonly MoreOptions[];
  /** Section → option → why it cannot be set: neither by an older name. */
  owned: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Nothing is judged but whether it sets what is `owned`. Absent: everything is. */
  ownedOnly?: true;
  /** Section → option → whether its value must not be shown. Only these are judged; the rest of the file is ours. */
  set: Readonly<Record<string, Readonly<Record<string, boolean>>>>;
}

/** Names of the files that the program finds beside itself, besides those that it judges. */
export const validatorFile = 'validate.py';
export const checkFile = 'check.json';

/** How it ends when it has found something. */
export const refusedExitCode = 3;

/** With this begins what it says of an option, a line each. */
export const problemMark = 'spec.config[';

/**
 * `oslo-config-validator` does the same more coarsely: it accepts anything in `[keystone_authtoken]`, nothing in sections that an
 * option names, options spelt with dashes, which are never read, and any value; and it suggests nothing.
 */
export const validatorProgram = readFileSync(new URL('./validate.py', import.meta.url), 'utf8');
