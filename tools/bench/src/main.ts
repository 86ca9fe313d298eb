// npm run bench
import { writeFile } from 'node:fs/promises';
import { build } from './build.js';
import { gatherFacts } from './facts.js';
import { readOptions, usage, UsageError, type Options } from './options.js';
import { planOf } from './plan.js';
import { profile } from './profile/index.js';
import { report, type Run } from './report.js';
import { runSession } from './session.js';
import { markdownOf, textOf } from './table.js';

const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function main(options: Options): Promise<void> {
  const began = performance.now();
  const facts = await gatherFacts(options);
  say('==> Bundling the controllers and the server');
  const programs = await build();
  if (options.profile) {
    process.stdout.write(await profile(options, programs, say));
    return;
  }
  const runs: Run[] = [];
  const plan = planOf(options);
  for (const [index, { objects, variant, repeat }] of plan.entries()) {
    say(`==> ${index + 1} of ${plan.length}: ${variant}, ${objects} objects, run ${repeat + 1}`);
    const values = await runSession({ variant, objects, options, programs });
    runs.push({ objects, variant, repeat, values });
  }
  say(`==> Done in ${Math.round((performance.now() - began) / 1000)} s`);
  const tables = report(runs, options.workloads);
  process.stdout.write(textOf(facts, tables));
  if (options.json !== undefined) {
    await writeFile(options.json, `${JSON.stringify({ facts, tables, runs }, undefined, 2)}\n`);
  }
  if (options.markdown !== undefined) await writeFile(options.markdown, markdownOf(facts, tables));
}

// A missed target is a result, not a failure: 0 whenever it could be measured, 1 when it could not, 2 for wrong arguments.
try {
  const options = readOptions(process.argv.slice(2), process.env);
  if (options === 'help') process.stdout.write(usage);
  else await main(options);
} catch (error) {
  const wrong = error instanceof UsageError;
  process.stderr.write(
    `bench: ${error instanceof Error ? error.message : String(error)}\n${wrong ? `\n${usage}` : ''}`,
  );
  process.exitCode = wrong ? 2 : 1;
}
