// What the rules of a definition may cost together, and each.
import { field, type FieldError } from '../errors.js';

const LIMIT = 10_000_000;
const LIMIT_OF_ALL = 100_000_000;
/** As many are named when all together are too much, of those that matter. */
const NAMED = 4;
const MATTERS = LIMIT_OF_ALL / 100;

export class RuleCosts {
  #total = 0;
  readonly #greatest: { path: string; cost: number }[] = [];

  /** `what` it is a cost of, as the finding calls it. */
  observe(path: string, cost: number, what: string): FieldError[] {
    this.#total += cost;
    if (cost >= MATTERS) this.#greatest.push({ path, cost });
    return cost > LIMIT ? [field.forbidden(path, tooMuch(what, cost / LIMIT))] : [];
  }

  /** Of all of a schema. */
  findings(path: string): FieldError[] {
    if (this.#total <= LIMIT_OF_ALL) return [];
    const greatest = this.#greatest.sort((a, b) => b.cost - a.cost).slice(0, NAMED);
    const contributed = 'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema';
    const total = 'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema';
    return [
      ...greatest.map((rule) => field.forbidden(rule.path, contributed)),
      field.forbidden(path, tooMuch(total, this.#total / LIMIT_OF_ALL)),
    ];
  }
}

function tooMuch(what: string, factor: number): string {
  const times = factor > 100 ? 'more than 100' : factor < 1.5 ? factor.toFixed(6) : factor.toFixed(1);
  return `${what} exceeds budget by factor of ${times}x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}
