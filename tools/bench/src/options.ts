// The command line.
import { parseArgs } from 'node:util';

export const variants = ['plain', 'graph', 'client-node', 'floor'] as const;
export type Variant = (typeof variants)[number];
export const workloads = ['idle', 'create', 'steady', 'churn', 'restart'] as const;
export type Workload = (typeof workloads)[number];

export interface Options {
  objects: readonly number[];
  workloads: readonly Workload[];
  variants: readonly Variant[];
  /** How often each is measured; by default, sizes beyond `largeSize` once. */
  repeats: (objects: number) => number;
  quick: boolean;
  /** Milliseconds that the devcluster waits before each answer. */
  latency: number;
  kubeconfig: string | undefined;
  json: string | undefined;
  markdown: string | undefined;
  profile: boolean;
}

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** More than this many objects are measured once unless repeats are asked for: making them takes minutes. */
const largeSize = 3000;

export const usage = `Usage: npm run bench -- [options]

  --objects 1000,10000         how many objects; default 1000,10000
  --workload create,steady     of ${workloads.join(', ')}; default all
  --variants graph,floor       of ${variants.join(', ')}; default all
  --repeats 3                  how often; default 3 up to ${largeSize} objects and once beyond
  --quick                      300 objects, once, short phases: about two minutes, to see that it works
  --latency 1                  milliseconds before each answer of the embedded API server; default 1
  --kubeconfig file            against a real API server, in a namespace of its own; default $KUBECONFIG, and without
                               that the embedded one
  --json file                  every value of every run
  --markdown file              the tables, with the machine they were taken on
  --profile                    instead of the tables: where the CPU of ours goes, by function and line
`;

export function readOptions(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Options | 'help' {
  const { values } = parse(args);
  if (values.help) return 'help';
  const quick = values.quick ?? false;
  const repeats = values.repeats === undefined ? undefined : positive('--repeats', values.repeats);
  const defaults = quick ? '300' : '1000,10000';
  return {
    objects: list('--objects', values.objects ?? defaults).map((text) => positive('--objects', text)),
    workloads: values.workload === undefined ? workloads : names('--workload', values.workload, workloads),
    variants: values.variants === undefined ? variants : names('--variants', values.variants, variants),
    repeats: (objects) => repeats ?? (quick || objects > largeSize ? 1 : 3),
    quick,
    latency: values.latency === undefined ? 1 : count('--latency', values.latency),
    kubeconfig: values.kubeconfig ?? (environment['KUBECONFIG'] || undefined),
    json: values.json,
    markdown: values.markdown,
    profile: values.profile ?? false,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        objects: { type: 'string' },
        workload: { type: 'string' },
        variants: { type: 'string' },
        repeats: { type: 'string' },
        quick: { type: 'boolean' },
        latency: { type: 'string' },
        kubeconfig: { type: 'string' },
        json: { type: 'string' },
        markdown: { type: 'string' },
        profile: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function list(option: string, text: string): string[] {
  const items = text.split(',').map((item) => item.trim());
  if (items.some((item) => item === '')) throw new UsageError(`${option}: "${text}" is no list`);
  return [...new Set(items)];
}

function names<Name extends string>(option: string, text: string, known: readonly Name[]): Name[] {
  return list(option, text).map((item) => {
    const name = known.find((one) => one === item);
    if (name === undefined) throw new UsageError(`${option}: "${item}" is none of ${known.join(', ')}`);
    return name;
  });
}

function count(option: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new UsageError(`${option}: "${text}" is no number`);
  return Number(text);
}

function positive(option: string, text: string): number {
  const value = count(option, text);
  if (value === 0) throw new UsageError(`${option}: there must be at least one`);
  return value;
}
