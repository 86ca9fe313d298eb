import { inject, type TestContext } from 'vitest';
import type { Need, Target } from '../target.js';

export { RUN_LABEL, type Need } from '../target.js';

declare module 'vitest' {
  interface ProvidedContext {
    target: Target;
  }
}

/** What a cluster cannot do is known before any test runs. */
export const target: Target = inject('target');

/** Skips the test, and says why, unless the cluster has all of it. */
export function requires({ skip }: Pick<TestContext, 'skip'>, ...needs: readonly Need[]): void {
  const reason = missing(needs);
  if (reason !== undefined) skip(reason);
}

export function missing(needs: readonly Need[]): string | undefined {
  return needs.map((need) => target.missing[need]).find((reason) => reason !== undefined);
}
