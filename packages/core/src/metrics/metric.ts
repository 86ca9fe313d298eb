// Metrics as data: declared in tables, registered once per registry. The one file that makes prom-client's objects.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

interface Spec<Label extends string> {
  /** One that begins with an underscore gets the prefix of the process before it. */
  readonly name: string;
  readonly help: string;
  /** Closed sets only: a label that holds names of objects grows for ever. */
  readonly labels: readonly Label[];
}
export interface CounterSpec<Label extends string = string> extends Spec<Label> {
  readonly type: 'counter';
}
export interface GaugeSpec<Label extends string = string> extends Spec<Label> {
  readonly type: 'gauge';
}
export interface HistogramSpec<Label extends string = string> extends Spec<Label> {
  readonly type: 'histogram';
  readonly buckets: readonly number[];
}
export type MetricSpec = CounterSpec | GaugeSpec | HistogramSpec;
export type MetricTable = Readonly<Record<string, MetricSpec>>;

export type MetricOf<S extends MetricSpec> =
  S extends CounterSpec<infer Label>
    ? Counter<Label>
    : S extends GaugeSpec<infer Label>
      ? Gauge<Label>
      : S extends HistogramSpec<infer Label>
        ? Histogram<Label>
        : never;

export function counter<Label extends string = never>(
  name: string,
  help: string,
  labels: readonly Label[] = [],
): CounterSpec<Label> {
  return { type: 'counter', name, help, labels };
}

export function gauge<Label extends string = never>(
  name: string,
  help: string,
  labels: readonly Label[] = [],
): GaugeSpec<Label> {
  return { type: 'gauge', name, help, labels };
}

export function histogram<Label extends string = never>(
  name: string,
  help: string,
  labels: readonly Label[],
  buckets: readonly number[],
): HistogramSpec<Label> {
  return { type: 'histogram', name, help, labels, buckets };
}

const prefixes = new WeakMap<Registry, string>();
const defaultPrefix = 'controller';

/** To be called before anything is registered: with what the library's own metrics begin. Default "controller". */
export function setMetricPrefix(registry: Registry, prefix: string): void {
  if (!/^[a-zA-Z][a-zA-Z0-9_]*$/.test(prefix))
    throw new RangeError(`Not the beginning of a metric's name: "${prefix}"`);
  prefixes.set(registry, prefix);
}

/** The name under which a metric is served. */
export function prefixed(name: string, prefix: string = defaultPrefix): string {
  return name.startsWith('_') ? `${prefix}${name}` : name;
}

/** The metrics of a table, made in `registry` when they are not there yet. */
export function registerMetrics<Table extends MetricTable>(
  registry: Registry,
  table: Table,
): { [K in keyof Table]: MetricOf<Table[K]> } {
  const metrics = Object.entries(table).map(([key, spec]) => {
    const name = prefixed(spec.name, prefixes.get(registry));
    return [key, registry.getSingleMetric(name) ?? make(registry, { ...spec, name })] as const;
  });
  return Object.fromEntries(metrics) as { [K in keyof Table]: MetricOf<Table[K]> };
}

const onScrape = new WeakMap<Gauge, Set<() => void>>();

/** Calls `set` before each scrape of a gauge of `registerMetrics`: for values that are only looked up when asked for. */
export function whenScraped<Label extends string>(gauge: Gauge<Label>, set: () => void): void {
  onScrape.get(gauge)?.add(set);
}

function make(registry: Registry, spec: MetricSpec): Counter | Gauge | Histogram {
  const common = { name: spec.name, help: spec.help, labelNames: [...spec.labels], registers: [registry] };
  switch (spec.type) {
    case 'counter':
      return new Counter(common);
    case 'histogram':
      return new Histogram({ ...common, buckets: [...spec.buckets] });
    case 'gauge': {
      const setters = new Set<() => void>();
      const made = new Gauge({
        ...common,
        collect: () => {
          for (const set of setters) set();
        },
      });
      onScrape.set(made, setters);
      return made;
    }
  }
}
