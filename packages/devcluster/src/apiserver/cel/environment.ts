// The language of rules: CEL with the libraries that Kubernetes adds to it.
import { Environment } from '@marcbachmann/cel-js';
import { lists, sets } from './libraries/lists.js';
import { named } from './libraries/format.js';
import { network } from './libraries/network.js';
import { optionals } from './libraries/optionals.js';
import { quantities } from './libraries/quantity.js';
import { MATCHES, regexes } from './libraries/regex.js';
import { strings } from './libraries/strings.js';
import { urls } from './libraries/url.js';

const LIBRARIES = [lists, sets, regexes, strings, quantities, urls, network, named, optionals];

/** Stands for `has` while an expression is checked: an argument that it passes is one that exists. */
export const CHECKED_HAS = '_is';

export { MATCHES };

let base: Environment | undefined;

/** An environment of its own, to declare types and variables in. Made from one that is built on first use. */
export function newEnvironment(): Environment {
  if (!base) {
    base = new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false });
    for (const library of LIBRARIES) library(base);
    base.registerFunction(`${CHECKED_HAS}(dyn): bool`, () => true);
  }
  return base.clone();
}

let duration: ((context: object) => unknown) | undefined;

/** The value of a text of format "duration". */
export function parseDuration(text: string): unknown {
  duration ??= newEnvironment().registerVariable('text', 'string').parse('duration(text)');
  return duration({ text });
}
