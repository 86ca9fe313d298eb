// Rounds of storm and calm. In a storm people work and everything breaks; in the calm after it all that was asked for must
// stand, the caches must show what the server holds, and the writers must come to rest.
import { setTimeout as sleep } from 'node:timers/promises';
import { auditCache, auditStanding, type StandingWidget } from './audit/standing.js';
import { auditWrites } from './audit/written.js';
import { Load } from './load.js';
import { randomFrom, type Random } from './random.js';
import { cachedKinds, versionsOf, type CacheContents } from './subject/caches.js';
import { Stage } from './stage.js';

export interface SoakOptions {
  minutes: number;
  /** Decides all that is left to chance here; how processes are scheduled is not. */
  seed: number;
  /** How many names widgets go by. */
  widgets: number;
  /** Where state, journal and logs are kept. */
  directory: string;
  say: (line: string) => void;
}

export interface SoakResult {
  /** What was asked for and was not there when it should have been, in words. */
  lost: string[];
  /** What was written although it had been, or over something newer, in words. */
  duplicated: string[];
  /** Writers that did not come to rest, and readers that asked without a pause, in words. */
  restless: string[];
  rounds: number;
  orders: Load['counts'];
  /** Requests that met a fault, watches that were ended, processes that were killed; by what. */
  faults: Record<string, number>;
  /** Of the controllers, and those that changed something. */
  writes: { sent: number; effective: number };
  /** Seconds from the end of a storm until everything stood as asked. */
  converged: number[];
}

/** Seconds of one storm. */
const STORM = 45;
/** Seconds that everything may take to stand as asked: a silent watch is noticed after 90. */
const PATIENCE = 240;
/** Watches that controllers may begin in a second of a storm: two of them, with three kinds each, and each backs off. */
const WATCHES = 20;
/** Seconds without a write after which writers are at rest. */
const REST = 5;

export async function soak(options: SoakOptions): Promise<SoakResult> {
  const { minutes, seed, widgets, directory, say } = options;
  const random = randomFrom(seed);
  const stage = await Stage.set({ directory, seed });
  const load = new Load(stage.client, random, widgets);
  const result: SoakResult = {
    lost: [],
    duplicated: [],
    restless: [],
    rounds: 0,
    orders: load.counts,
    faults: {},
    writes: { sent: 0, effective: 0 },
    converged: [],
  };
  try {
    // The storm begins when everything works: what fails without a storm is no matter of faults.
    for (let order = 0; order < widgets; order += 1) await load.step();
    result.lost.push(...(await untilNothing(() => standing(stage, load))));
    const end = performance.now() + minutes * 60_000;
    while (performance.now() < end && result.lost.length === 0) {
      const [began, watches] = [performance.now(), stage.watches];
      await storm(stage, load, random, Math.min(performance.now() + STORM * 1000, end));
      result.restless.push(...hurry(stage.watches - watches, (performance.now() - began) / 1000));
      result.rounds += 1;
      const calmed = performance.now();
      result.lost.push(...(await untilNothing(() => standing(stage, load))));
      const seconds = (performance.now() - calmed) / 1000;
      result.converged.push(seconds);
      result.restless.push(...(await rest(stage)));
      result.lost.push(...(await untilNothing(() => caches(stage))));
      result.duplicated = [...auditWrites(stage.journal()), ...stage.ledger.findings];
      const { created, edited, deleted } = load.counts;
      say(
        `round ${result.rounds}: ${created} created, ${edited} edited, ${deleted} deleted so far; ` +
          `${result.lost.length} lost, ${result.duplicated.length} duplicated; stood after ${seconds.toFixed(0)} s of calm`,
      );
    }
    Object.assign(result, stage.totals());
    return result;
  } finally {
    await stage.strike();
  }
}

/** Orders, and now and then something worse than what the server does to its clients. */
async function storm(stage: Stage, load: Load, random: Random, end: number): Promise<void> {
  stage.storm();
  let next = performance.now() + 5000;
  while (performance.now() < end) {
    await load.step();
    await sleep(random.between(0, 60));
    if (performance.now() < next) continue;
    next = performance.now() + random.between(8000, 20_000);
    await stage.disaster(random);
  }
  stage.calm();
}

/** Who asks without a pause, whatever the server says, is a storm itself. */
function hurry(watches: number, seconds: number): string[] {
  return watches > WATCHES * Math.max(seconds, 1) ? [`${watches} watches in ${seconds.toFixed(0)} s of a storm`] : [];
}

async function standing(stage: Stage, load: Load): Promise<string[]> {
  const [plain, graph, parts] = await stage.objects();
  return auditStanding(load.asked, {
    widgets: [...plain, ...graph] as StandingWidget[],
    parts,
    accounts: stage.ledger.accounts,
  });
}

/** What the controllers, leader or not, have in their caches. */
async function caches(stage: Stage): Promise<string[]> {
  const kinds = await stage.objects();
  const served: CacheContents = Object.fromEntries(
    cachedKinds.map(({ plural }, index) => [plural, versionsOf(kinds[index] ?? [])]),
  );
  const held = await stage.caches();
  return held.flatMap((contents, index) => auditCache(`controller ${index}`, contents, served));
}

/** Resolves with what is left when patience is over. */
async function untilNothing(look: () => Promise<string[]>): Promise<string[]> {
  const end = performance.now() + PATIENCE * 1000;
  for (;;) {
    const left = await look();
    if (left.length === 0 || performance.now() > end) return left;
    await sleep(1000);
  }
}

async function rest(stage: Stage): Promise<string[]> {
  const end = performance.now() + PATIENCE * 1000;
  const before = stage.writes;
  let [seen, since] = [before, performance.now()];
  for (;;) {
    await sleep(500);
    if (stage.writes === seen) {
      if (performance.now() - since > REST * 1000) return [];
    } else {
      [seen, since] = [stage.writes, performance.now()];
    }
    if (performance.now() > end) return [`${seen - before} writes in ${PATIENCE} s, although everything stood`];
  }
}
