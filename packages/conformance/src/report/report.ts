// What a run found, and how it is said.

export type Verdict = 'holds' | 'differs' | 'skipped';

export interface Finding {
  /** A sentence: what holds, or should. */
  statement: string;
  verdict: Verdict;
  /** What was seen instead, or why it was not looked at. */
  because?: string;
  /** Milliseconds. */
  duration: number;
}

export interface AreaReport {
  area: string;
  findings: Finding[];
}

/** What `--json` writes. The counts carry the names of the field's test reports, so that one program can add them up. */
export interface Report {
  cluster: { server: string; version: string; devcluster: boolean };
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  areas: AreaReport[];
}

const SIGN: Record<Verdict, string> = { holds: '✓', differs: '✗', skipped: '-' };

/** One area as lines of text. */
export function describeArea({ area, findings }: AreaReport): string[] {
  const reasons = new Set(findings.map(({ because }) => because));
  // A cluster that cannot do a thing cannot do all of it: once is enough.
  if (findings.length > 0 && reasons.size === 1 && findings.every(({ verdict }) => verdict === 'skipped'))
    return [area, `  - all ${findings.length} skipped: ${findings[0]?.because ?? ''}`, ''];
  const lines = [area];
  for (const { statement, verdict, because } of findings) {
    lines.push(`  ${SIGN[verdict]} ${statement}${verdict === 'skipped' ? ` (skipped: ${because ?? ''})` : ''}`);
    if (verdict === 'differs') lines.push(...(because ?? '').split('\n').map((line) => `      ${line}`));
  }
  return [...lines, ''];
}

export function summary(areas: readonly AreaReport[]): string {
  const count = (verdict: Verdict): number => countOf(areas, verdict);
  return `${count('holds')} hold, ${count('differs')} differ, ${count('skipped')} skipped`;
}

export function reportOf(cluster: Report['cluster'], areas: readonly AreaReport[]): Report {
  return {
    cluster,
    numPassedTests: countOf(areas, 'holds'),
    numFailedTests: countOf(areas, 'differs'),
    numPendingTests: countOf(areas, 'skipped'),
    areas: [...areas],
  };
}

function countOf(areas: readonly AreaReport[], verdict: Verdict): number {
  return areas.flatMap(({ findings }) => findings).filter((finding) => finding.verdict === verdict).length;
}
