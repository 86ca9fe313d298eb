import type { StepScope } from '@stackwright/core';
import type { Given, ServiceObject } from './builder.js';

/** The value of an option that may be a function of what earlier steps gave. */
export function valueOf<R extends ServiceObject, T>(given: Given<R, T>, scope: StepScope<R>): T {
  // A value that is itself a function cannot be given: none of the options is one.
  return typeof given === 'function' ? (given as (scope: StepScope<R>) => T)(scope) : given;
}
