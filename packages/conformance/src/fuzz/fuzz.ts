// Two servers are told the same wrong things; what they answer differently is printed.
import { additionsTo } from './additions.js';
import { explanation } from './known.js';
import { mutationsOf, type Mutation } from './mutations.js';
import { samples, type Sample } from './samples/index.js';
import type { Reply, Server } from './server.js';
import { difference, verdictOf } from './verdict.js';

export interface FuzzOptions {
  /** The servers to compare. */
  first: Server;
  second: Server;
  /** A name for what is made there. */
  run: string;
  /** Only samples whose titles have one of these words in them. */
  only: readonly string[];
  /** Told of what differs, and of what was done. */
  print: (line: string) => void;
}

export interface FuzzCount {
  asked: number;
  /** For no reason that is known. */
  differ: number;
  /** As it is known, and said in known.ts, that they do. */
  explained: number;
}

/** As many questions are under way at once. */
const AT_ONCE = 16;

export async function fuzz({ first, second, run, only, print }: FuzzOptions): Promise<FuzzCount> {
  const servers = [first, second] as const;
  const chosen = samples.filter(({ title }) => only.length === 0 || only.some((word) => title.includes(word)));
  const count: FuzzCount = { asked: 0, differ: 0, explained: 0 };
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: run } };
  await both(servers, (server) => server.create('/api/v1/namespaces', namespace));
  try {
    await both(servers, (server) => untilThere(server, `/api/v1/namespaces/${run}/serviceaccounts/default`));
    for (const sample of chosen) {
      const total = await fuzzSample(servers, placed(sample, run), print);
      count.asked += total.asked;
      count.differ += total.differ;
      count.explained += total.explained;
    }
  } finally {
    await both(servers, (server) => server.send('DELETE', `/api/v1/namespaces/${run}`));
  }
  return count;
}

/** "48148 asked, 0 differ, 142 more for reasons that are known" */
export const inFigures = ({ asked, differ, explained }: FuzzCount): string =>
  `${asked} asked, ${differ} differ${explained > 0 ? `, ${explained} more for reasons that are known` : ''}`;

type Servers = readonly [Server, Server];

const both = <T>(servers: Servers, ask: (server: Server) => Promise<T>): Promise<[T, T]> =>
  Promise.all([ask(servers[0]), ask(servers[1])]);

async function untilThere(server: Server, path: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if ((await server.send('GET', path)).code === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function placed({ title, path, object }: Sample, run: string): Sample {
  const text = JSON.stringify(object).replaceAll('"*"', JSON.stringify(run)).replaceAll('fuzz-%', `${run}-one`);
  return { title, path: path.replace('*', run), object: JSON.parse(text) as Sample['object'] };
}

async function fuzzSample(servers: Servers, sample: Sample, print: (line: string) => void): Promise<FuzzCount> {
  const { title, path, object } = sample;
  const count: FuzzCount = { asked: 0, differ: 0, explained: 0 };
  const told = new Set<string>();
  const compare = (what: string, answers: readonly [Reply, Reply]): void => {
    count.asked += 1;
    const differs = difference(verdictOf(answers[0]), verdictOf(answers[1]));
    // What is stored in another way is so whatever else is changed.
    if (differs === undefined || told.has(differs)) return;
    if (differs.startsWith('stored')) told.add(differs);
    if (explanation(what) !== undefined) {
      count.explained += 1;
      return;
    }
    count.differ += 1;
    print(`${what}\n    ${differs}`);
  };
  compare(`${title}: as it is`, await both(servers, (server) => server.send('POST', `${path}?dryRun=All`, object)));
  const mutations = [...mutationsOf(object), ...(await additionsTo(servers[0], object))];
  await inParallel(mutations, async (mutation) => {
    const changed = changedBy(mutation, object);
    const answers = await both(servers, (server) => server.send('POST', `${path}?dryRun=All`, changed));
    compare(`${title}: create: ${inWords(mutation)}`, answers);
  });
  const name = (object['metadata'] as { name: string }).name;
  await both(servers, (server) => server.create(path, object));
  try {
    const update = async (mutation: Mutation): Promise<void> => {
      const answers = await both(servers, async (server) => {
        const { body } = await server.send('GET', `${path}/${name}`);
        return server.send('PUT', `${path}/${name}?dryRun=All`, changedBy(mutation, unrevised(body)));
      });
      compare(`${title}: update: ${inWords(mutation)}`, answers);
    };
    await inParallel(
      mutations.filter(({ path: [...keys] }) => keys.join('.') !== 'metadata.name'),
      update,
    );
  } finally {
    await both(servers, async (server) => {
      await server.send('PATCH', `${path}/${name}`, { metadata: { finalizers: null } }, MERGE);
      await server.send('DELETE', `${path}/${name}`, { gracePeriodSeconds: 0, propagationPolicy: 'Background' });
    });
  }
  print(`${title}: ${inFigures(count)}`);
  return count;
}

const MERGE = 'application/merge-patch+json';

/** The object, to be written over whatever is there: controllers write to it as well. */
function unrevised(object: unknown): unknown {
  const { metadata, ...rest } = object as { metadata: Record<string, unknown> };
  const { resourceVersion: _revision, ...kept } = metadata;
  return { ...rest, metadata: kept };
}

const inWords = ({ path, change }: Mutation): string => `${path.join('.')} ${change}`;

function changedBy({ apply }: Mutation, object: unknown): unknown {
  const changed = structuredClone(object);
  apply(changed);
  return changed;
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
