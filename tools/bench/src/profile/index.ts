// npm run bench -- --profile: where the CPU of a controller goes while it makes new objects ready, and while they are edited.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, type Programs } from '../build.js';
import { burst, paced } from '../load.js';
import { variants, type Options, type Variant } from '../options.js';
import { withBench } from '../session.js';
import { Places, usageOf, type CpuProfile, type Usage } from './cpu-profile.js';

/** Long enough that what runs is optimized code. */
const objects = 3000;
const edits = 1500;
const shown = 40;

interface Window {
  title: string;
  /** How many objects or edits. */
  count: number;
  from: number;
  to: number;
  /** Milliseconds that the process used: samples also count while it had to wait for a core. */
  cpu: number;
}

export async function profile(options: Options, programs: Programs, say: (line: string) => void): Promise<string> {
  // Ours, unless variants were named.
  const chosen = options.variants === variants ? (['plain', 'graph'] as const) : options.variants;
  const sections: string[] = [];
  for (const variant of chosen) {
    say(`Profiling ${variant}: ${objects} objects, ${edits} edits`);
    sections.push(await profileOf(variant, options, programs));
  }
  return sections.join('\n');
}

async function profileOf(variant: Variant, options: Options, programs: Programs): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'stackwright-profile-'));
  try {
    const nodeArguments = ['--cpu-prof', '--cpu-prof-interval', '500', '--cpu-prof-dir', directory];
    const windows: Window[] = [];
    await withBench({ variant, objects, options, programs, nodeArguments }, async (bench) => {
      const during = async (title: string, count: number, work: () => Promise<unknown>): Promise<void> => {
        const from = now();
        const before = bench.controller.cpu();
        await work();
        windows.push({ title, count, from, to: now(), cpu: (bench.controller.cpu() - before) * 1000 });
      };
      await (await bench.startController()).synced();
      await during('new objects', objects, async () => {
        await burst(objects, 32, () => bench.load.create());
        await bench.quiet();
      });
      await during('edits', edits, async () => {
        await paced(edits, 100, () => bench.load.edit());
        await bench.quiet();
      });
      // A profile is written when the process ends.
      await bench.stopController();
      const again = await bench.startController();
      await during('restart, each object', objects, () => again.drained(objects, 100));
      await bench.stopController();
    });
    const places = new Places(root);
    const files = await readdir(directory);
    const profiles = await Promise.all(
      files.map(async (file) => JSON.parse(await readFile(join(directory, file), 'utf8')) as CpuProfile),
    );
    return windows
      .map((window) => {
        const one = profiles.find(({ startTime, endTime }) => startTime < window.to && endTime >= window.to);
        return one ? section(variant, window, usageOf(one, places, window.from, window.to)) : '';
      })
      .join('\n');
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Microseconds of the clock that profiles are written in. */
const now = (): number => Number(process.hrtime.bigint() / 1000n);

function section(variant: Variant, { title, count, cpu }: Window, usages: readonly Usage[]): string {
  const all = usages.reduce((sum, { self }) => sum + self, 0);
  const line = (milliseconds: number, name: string): string =>
    `${((1000 * cpu * milliseconds) / all / count).toFixed(1).padStart(9)} ${((100 * milliseconds) / all).toFixed(1).padStart(6)} %  ${name}`;
  const areas = new Map<string, number>();
  for (const { area, self } of usages) areas.set(area, (areas.get(area) ?? 0) + self);
  const top = (value: (usage: Usage) => number): string[] =>
    [...usages]
      .sort((one, other) => value(other) - value(one))
      .slice(0, shown)
      .map((usage) => line(value(usage), usage.name));
  return [
    `# ${variant}, ${title}: ${(cpu / count).toFixed(2)} ms of CPU each, of ${count}`,
    '',
    '   µs each  share  where',
    ...[...areas]
      .sort(([, one], [, other]) => other - one)
      .slice(0, 25)
      .map(([area, self]) => line(self, area)),
    '',
    '   µs each  share  function alone',
    ...top(({ self }) => self),
    '',
    '   µs each  share  function with what it calls',
    ...top(({ total }) => total),
    '',
  ].join('\n');
}
