// Jobs with `completionMode: Indexed`: each of their Pods does the part of the work that its index names.
import type { Job, Pod } from '@stackwright/kube';
import type { Container } from 'kubernetes-types/core/v1.d.ts';
import type { Stored } from '../../shared/objects.js';

/** On Pods, as annotation and as label. */
const INDEX = 'batch.kubernetes.io/job-completion-index';

export const isIndexed = ({ spec }: Job): boolean => spec?.completionMode === 'Indexed';

export function indexOf({ metadata }: Pod): number | undefined {
  const text = metadata?.annotations?.[INDEX];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** The Pod for an index: it finds it in its environment, its name and its host name. */
export function withIndex(pod: Pod, job: Stored<Job>, index: number): Pod {
  const variable = {
    name: 'JOB_COMPLETION_INDEX',
    valueFrom: { fieldRef: { fieldPath: `metadata.labels['${INDEX}']` } },
  };
  const told = (container: Container): Container =>
    container.env?.some(({ name }) => name === variable.name)
      ? container
      : { ...container, env: [...(container.env ?? []), variable] };
  const spec = pod.spec ?? { containers: [] };
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      generateName: `${job.metadata.name}-${index}-`,
      labels: { ...pod.metadata?.labels, [INDEX]: String(index) },
      annotations: { ...pod.metadata?.annotations, [INDEX]: String(index) },
    },
    spec: {
      ...spec,
      hostname: spec.hostname ?? `${job.metadata.name}-${index}`,
      containers: spec.containers.map(told),
      ...(spec.initContainers ? { initContainers: spec.initContainers.map(told) } : {}),
    },
  };
}

/** "1,3-5,7" */
export function parseIndexes(text: string | undefined): Set<number> {
  const found = new Set<number>();
  for (const part of (text ?? '').split(',')) {
    if (part === '') continue;
    const [first = NaN, last = first] = part.split('-').map(Number);
    for (let index = first; index <= last; index += 1) found.add(index);
  }
  return found;
}

export function formatIndexes(indexes: ReadonlySet<number>): string {
  const ranges: [first: number, last: number][] = [];
  for (const index of [...indexes].sort((a, b) => a - b)) {
    const range = ranges.at(-1);
    if (range && range[1] === index - 1) range[1] = index;
    else ranges.push([index, index]);
  }
  return ranges
    .map(([first, last]) => (first === last ? `${first}` : `${first}${last === first + 1 ? ',' : '-'}${last}`))
    .join(',');
}

/** The indexes that are done: those that are written down, and those of Pods that have succeeded since. */
export function completedIndexes(job: Job, succeeded: readonly Pod[]): Set<number> {
  const completed = parseIndexes(job.status?.completedIndexes);
  const end = job.spec?.completions ?? 0;
  for (const pod of succeeded) {
    const index = indexOf(pod);
    if (index !== undefined && index < end) completed.add(index);
  }
  return completed;
}

export interface IndexPlan {
  /** The lowest ones that nobody works on. */
  missing: number[];
  /** Pods of an index that is done or that another one works on, and Pods of none. */
  surplus: Stored<Pod>[];
}

export function planIndexes(job: Job, completed: ReadonlySet<number>, active: readonly Stored<Pod>[]): IndexPlan {
  const end = job.spec?.completions ?? 0;
  const taken = new Set<number>();
  const surplus: Stored<Pod>[] = [];
  for (const pod of active) {
    const index = indexOf(pod);
    if (index === undefined || index >= end || completed.has(index) || taken.has(index)) surplus.push(pod);
    else taken.add(index);
  }
  const missing: number[] = [];
  for (let index = 0; index < end; index += 1) if (!completed.has(index) && !taken.has(index)) missing.push(index);
  return { missing, surplus };
}
