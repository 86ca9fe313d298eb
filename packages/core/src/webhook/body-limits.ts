// How large a request may be. Who sends one need not be the API server: a body must not cost the process its memory.

const mebi = 1024 * 1024;

/** Bytes. Two objects of the largest size that an API server takes, and what is around them. */
export const maxAdmission = 7 * mebi;
/** A list is converted as a whole, of whatever size: thousands of objects, of which each may have a megabyte. */
const mostConversion = 128 * mebi;
/** What 500 objects of 20 kB take. */
const leastConversion = 12 * mebi;
/** What a body takes as text, as objects, as their copies and as the answer, as a multiple of its size. */
const memoryOfBody = 10;

/** Bytes of a conversion. `memory`: those that the process may use; 0 or undefined: nobody says. */
export function maxConversion(memory: number | undefined): number {
  if (!memory) return mostConversion;
  return Math.min(Math.max(Math.floor(memory / memoryOfBody), leastConversion), mostConversion);
}
