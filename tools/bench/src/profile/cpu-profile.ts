// Reads what `node --cpu-prof` wrote: who used the CPU in a window of time, in terms of the sources behind a bundle.
import { readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

interface ProfileNode {
  id: number;
  callFrame: { functionName: string; url: string; lineNumber: number; columnNumber: number };
  children?: number[];
}

export interface CpuProfile {
  nodes: ProfileNode[];
  samples: number[];
  /** Microseconds since the sample before. */
  timeDeltas: number[];
  /** Microseconds of the monotonic clock. */
  startTime: number;
  endTime: number;
}

export interface Usage {
  /** "apply  packages/kube/src/http-client.ts:120" */
  name: string;
  /** "packages/core", "node_modules/pino", "node", "garbage collector". */
  area: string;
  /** Milliseconds in the function itself, and in it and all that it called. */
  self: number;
  total: number;
}

/** `from` and `to`: microseconds of the monotonic clock. Time in which the process waited is no usage. */
export function usageOf(profile: CpuProfile, places: Places, from = 0, to = Infinity): Usage[] {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map(
    profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
  );
  const usages = new Map<string, Usage>();
  const names = new Map<number, Usage>();
  const usageAt = (node: ProfileNode): Usage => {
    let usage = names.get(node.id);
    if (!usage) {
      const { name, area } = places.of(node.callFrame);
      usage = usages.get(name) ?? { name, area, self: 0, total: 0 };
      usages.set(name, usage);
      names.set(node.id, usage);
    }
    return usage;
  };
  let at = profile.startTime;
  profile.samples.forEach((sample, index) => {
    const next = at + (profile.timeDeltas[index] ?? 0);
    // A sample tells what ran until the next one.
    const lasted = (profile.timeDeltas[index + 1] ?? 0) / 1000;
    at = next;
    const leaf = nodes.get(sample);
    if (!leaf || at < from || at > to || leaf.callFrame.functionName === '(idle)') return;
    usageAt(leaf).self += lasted;
    const seen = new Set<Usage>();
    for (let id: number | undefined = sample; id !== undefined; id = parents.get(id)) {
      const node = nodes.get(id);
      if (!node || node.callFrame.functionName === '(root)') continue;
      const usage = usageAt(node);
      if (!seen.has(usage)) usage.total += lasted;
      seen.add(usage);
    }
  });
  return [...usages.values()];
}

/** Where the functions of a bundle come from. */
export class Places {
  readonly #root: string;
  readonly #maps = new Map<string, SourceMap | undefined>();

  constructor(root: string) {
    this.#root = root;
  }

  of({ functionName, url, lineNumber, columnNumber }: ProfileNode['callFrame']): { name: string; area: string } {
    const what = functionName || '(anonymous)';
    if (url === '') return { name: what, area: what === '(garbage collector)' ? 'garbage collector' : 'native' };
    if (url.startsWith('node:')) return { name: `${what}  ${url}:${lineNumber + 1}`, area: 'node' };
    const file = fileURLToPath(url);
    const entry = this.#mapOf(file)?.findEntry(lineNumber, columnNumber);
    const source =
      entry && 'originalSource' in entry
        ? { path: resolve(dirname(file), entry.originalSource), line: entry.originalLine + 1 }
        : { path: file, line: lineNumber + 1 };
    const path = relative(this.#root, source.path);
    return { name: `${what}  ${path}:${source.line}`, area: areaOf(path) };
  }

  #mapOf(file: string): SourceMap | undefined {
    if (!this.#maps.has(file)) this.#maps.set(file, read(`${file}.map`));
    return this.#maps.get(file);
  }
}

function read(path: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(path, 'utf8')) as SourceMapPayload);
  } catch {
    return undefined;
  }
}

/** The package; of ours its folder too. */
export function areaOf(path: string): string {
  const dependency = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1];
  if (dependency !== undefined) return `node_modules/${dependency}`;
  return /^(?:packages|tools)\/[^/]+(?:\/src\/[^/]+(?=\/))?/.exec(path)?.[0] ?? path;
}
