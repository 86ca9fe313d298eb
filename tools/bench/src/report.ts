// From the values of all runs to the rows of the table.
import { figures, type Figure } from './figures.js';
import { variants, type Variant, type Workload } from './options.js';
import { median, summarize, type Summary } from './statistics.js';

export interface Run {
  objects: number;
  variant: Variant;
  repeat: number;
  values: Readonly<Record<string, number>>;
}

/** Who ours is compared with. */
export const baselines = ['client-node', 'floor'] as const;
/** Who targets are for. */
export const ours = ['plain', 'graph'] as const;

export interface Verdict {
  variant: Variant;
  met: boolean;
}

export interface Row {
  key: string;
  title: string;
  unit: Figure['unit'];
  digits: number;
  values: Partial<Record<Variant, Summary>>;
  /** Medians of the ratios within each repeat: `ratios.graph.floor` is graph ÷ floor. */
  ratios: Partial<Record<Variant, Partial<Record<Variant, number>>>>;
  target?: string;
  verdicts: readonly Verdict[];
}

export interface Table {
  objects: number;
  repeats: number;
  variants: readonly Variant[];
  rows: readonly Row[];
}

export function report(runs: readonly Run[], workloads: readonly Workload[]): Table[] {
  const sizes = [...new Set(runs.map(({ objects }) => objects))];
  return sizes.map((objects) => {
    const of = runs.filter((run) => run.objects === objects);
    return {
      objects,
      repeats: Math.max(...of.map(({ repeat }) => repeat + 1)),
      variants: variants.filter((variant) => of.some((run) => run.variant === variant)),
      rows: figures
        .filter(({ workload }) => workloads.includes(workload))
        .map((figure) => rowOf(figure, objects, of))
        .filter(({ values }) => Object.keys(values).length > 0),
    };
  });
}

function rowOf(figure: Figure, objects: number, runs: readonly Run[]): Row {
  const { key, title, unit, digits } = figure;
  const measured = (variant: Variant): ReadonlyMap<number, number> =>
    new Map(
      runs.flatMap((run) => {
        const value = run.variant === variant ? run.values[key] : undefined;
        return value === undefined ? [] : [[run.repeat, value] as const];
      }),
    );
  const values: Row['values'] = {};
  for (const variant of variants) {
    const summary = summarize([...measured(variant).values()]);
    if (summary) values[variant] = summary;
  }
  const ratios: Row['ratios'] = {};
  if (figure.ratio !== false) {
    for (const mine of ours) {
      for (const baseline of baselines) {
        const ratio = ratioOf(measured(mine), measured(baseline));
        if (ratio !== undefined) (ratios[mine] ??= {})[baseline] = ratio;
      }
    }
  }
  const target = figure.target?.(objects);
  const verdicts = ours.flatMap((variant) => {
    const value = values[variant]?.median;
    if (!target || value === undefined) return [];
    const met = target.met(value, (to) => ratios[variant]?.[to]);
    return met === undefined ? [] : [{ variant, met }];
  });
  return { key, title, unit, digits, values, ratios, verdicts, ...(target ? { target: target.text } : {}) };
}

/** Only what was measured side by side is compared. */
function ratioOf(mine: ReadonlyMap<number, number>, theirs: ReadonlyMap<number, number>): number | undefined {
  const ratios = [...mine].flatMap(([repeat, value]) => {
    const other = theirs.get(repeat);
    return other === undefined || other === 0 ? [] : [value / other];
  });
  return ratios.length > 0 ? median(ratios) : undefined;
}
