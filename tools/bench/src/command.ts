// From the command line to the tables.
import { writeFile } from 'node:fs/promises';
import { build } from './build.js';
import { gatherFacts } from './facts.js';
import { readOptions, usage, UsageError, type Options } from './options.js';
import { planOf } from './plan.js';
import { profile } from './profile/index.js';
import { report, type Run } from './report.js';
import { runSession } from './session.js';
import { markdownOf, textOf } from './table.js';

/** The parts that take minutes, and where it writes: others in tests. */
export interface Parts {
  build: typeof build;
  runSession: typeof runSession;
  profile: typeof profile;
  stdout(text: string): void;
  stderr(text: string): void;
}

const real: Parts = {
  build,
  runSession,
  profile,
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
};

/**
 * Resolves with the exit code: 0 whenever it could be measured (a target that is missed is a result, not a failure), 1 when
 * it could not, 2 for wrong arguments.
 */
export async function bench(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  parts: Parts = real,
): Promise<number> {
  try {
    const options = readOptions(args, environment);
    if (options === 'help') parts.stdout(usage);
    else await measure(options, parts);
    return 0;
  } catch (error) {
    parts.stderr(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
    if (!(error instanceof UsageError)) return 1;
    parts.stderr(`\n${usage}`);
    return 2;
  }
}

async function measure(options: Options, parts: Parts): Promise<void> {
  const say = (line: string): void => parts.stderr(`==> ${line}\n`);
  const began = performance.now();
  const facts = await gatherFacts(options);
  say('Bundling the controllers and the server');
  const programs = await parts.build();
  if (options.profile) {
    parts.stdout(await parts.profile(options, programs, say));
    return;
  }
  const runs: Run[] = [];
  const plan = planOf(options);
  for (const [index, { objects, variant, repeat }] of plan.entries()) {
    say(`${index + 1} of ${plan.length}: ${variant}, ${objects} objects, run ${repeat + 1}`);
    const values = await parts.runSession({ variant, objects, options, programs });
    runs.push({ objects, variant, repeat, values });
  }
  say(`Done in ${Math.round((performance.now() - began) / 1000)} s`);
  const tables = report(runs, options.workloads);
  parts.stdout(textOf(facts, tables));
  if (options.json !== undefined) {
    await writeFile(options.json, `${JSON.stringify({ facts, tables, runs }, undefined, 2)}\n`);
  }
  if (options.markdown !== undefined) await writeFile(options.markdown, markdownOf(facts, tables));
}
