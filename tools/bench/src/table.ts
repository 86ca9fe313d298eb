// The tables, for a terminal and as Markdown.
import type { Facts } from './facts.js';
import { baselines, ours, type Row, type Table } from './report.js';
import type { Summary } from './statistics.js';

export function textOf(facts: Facts, tables: readonly Table[]): string {
  const sections = tables.map((table) => {
    const cells = cellsOf(table);
    const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
    const lines = cells.map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  '),
    );
    lines.splice(1, 0, widths.map((width) => '-'.repeat(width)).join('  '));
    return [`${captionOf(table)}`, '', ...lines, ''].join('\n');
  });
  return [...sections, ...factLines(facts), ''].join('\n');
}

export function markdownOf(facts: Facts, tables: readonly Table[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const sections = tables.map((table) => {
    const [head = [], ...rows] = cellsOf(table);
    const rule = head.map((_, column) => (column === 0 ? '---' : '---:'));
    return [`## ${captionOf(table)}`, '', ...[head, rule, ...rows].map(line), ''].join('\n');
  });
  const about = factLines(facts).map((fact) => `- ${fact}`);
  return [
    '# Benchmarks',
    '',
    'As `npm run bench` printed them; what they mean is in [tools/bench](../tools/bench/README.md).',
    '',
    ...about,
    '',
    ...sections,
  ].join('\n');
}

function captionOf({ objects, repeats }: Table): string {
  const spread = repeats === 1 ? 'one run' : `${repeats} runs: median (least–most)`;
  return `${objects.toLocaleString('en')} objects, ${spread}`;
}

function factLines(facts: Facts): string[] {
  return [
    `${facts.date}, commit ${facts.commit}`,
    `Node ${facts.node}, ${facts.cores} cores (${facts.processor}), ${facts.memory} GiB`,
    `API server: ${facts.server}; calls counted by ${facts.countedBy}`,
  ];
}

function cellsOf({ variants, rows }: Table): string[][] {
  const pairs = ours
    .flatMap((mine) => baselines.map((baseline) => [mine, baseline] as const))
    .filter(([mine, baseline]) => variants.includes(mine) && variants.includes(baseline));
  const head = ['', ...variants, ...pairs.map(([mine, baseline]) => `${mine} ÷ ${baseline}`), 'target', ''];
  return [
    head,
    ...rows.map((row) => [
      `${row.title}${row.unit && `, ${row.unit}`}`,
      ...variants.map((variant) => valueOf(row.values[variant], row.digits)),
      ...pairs.map(([mine, baseline]) => row.ratios[mine]?.[baseline]?.toFixed(2) ?? ''),
      row.target ?? '',
      verdictOf(row),
    ]),
  ];
}

function valueOf(summary: Summary | undefined, digits: number): string {
  if (!summary) return '';
  const text = (value: number): string => value.toFixed(digits);
  const { median, min, max, count } = summary;
  return count === 1 || text(min) === text(max) ? text(median) : `${text(median)} (${text(min)}–${text(max)})`;
}

function verdictOf({ verdicts }: Row): string {
  const missed = verdicts.filter(({ met }) => !met).map(({ variant }) => variant);
  if (verdicts.length === 0) return '';
  if (missed.length === 0) return 'met';
  return missed.length === verdicts.length ? 'missed' : `missed by ${missed.join(', ')}`;
}
