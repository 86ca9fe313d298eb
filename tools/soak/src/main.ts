// npm run soak -- --minutes 10
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { soak, type SoakResult } from './soak.js';

const usage = `Usage: npm run soak -- [options]

  --minutes <number>    how long, at the least; default 10
  --seed <number>       to have the same chances again; default: another one each time
  --widgets <number>    how many objects there are at the most, of both kinds together; default 60
  --keep                keep state, journal and logs also when all is well
`;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    widgets: { type: 'string', default: '60' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) {
  process.stdout.write(usage);
} else {
  const directory = await mkdtemp(join(tmpdir(), 'soak-'));
  const say = (line: string): boolean => process.stdout.write(`${line}\n`);
  const seed = numberOf('--seed', values.seed);
  say(`seed ${seed}; what happens is logged in ${directory}/processes.log`);
  const result = await soak({
    minutes: numberOf('--minutes', values.minutes),
    seed,
    widgets: numberOf('--widgets', values.widgets),
    directory,
    say,
  });
  summarize(result, say);
  const wrong = result.lost.length + result.duplicated.length + result.restless.length;
  if (wrong === 0 && !values.keep) await rm(directory, { recursive: true });
  else say(`state, journal and logs are kept in ${directory}`);
  process.exit(wrong === 0 ? 0 : 1);
}

function summarize(result: SoakResult, say: (line: string) => void): void {
  const { lost, duplicated, restless, orders, faults, writes, converged, rounds } = result;
  for (const finding of [...lost, ...duplicated, ...restless].slice(0, 50)) say(`  ${finding}`);
  say('');
  say(
    `rounds             ${rounds}; stood after ${converged.map((seconds) => seconds.toFixed(0)).join(', ')} s of calm`,
  );
  say(`orders             ${orders.created} created, ${orders.edited} edited, ${orders.deleted} deleted`);
  say(`controllers wrote  ${writes.sent} times, ${writes.effective} of them with effect`);
  say('faults');
  for (const [fault, count] of Object.entries(faults).sort(([, a], [, b]) => b - a))
    say(`  ${String(count).padStart(6)}  ${fault}`);
  say('');
  say(`${lost.length} lost, ${duplicated.length} duplicated${restless.length > 0 ? ', and not at rest' : ''}`);
}

function numberOf(name: string, text: string): number {
  const value = Number(text);
  if (text === '' || !Number.isFinite(value) || value < 0) {
    process.stderr.write(`soak: ${name} is a number, not "${text}"\n\n${usage}`);
    process.exit(2);
  }
  return value;
}
