// What the cluster says is text: a terminal does nothing but show it, whichever command prints it.
import { readdirSync, readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { renderStatus, reportOf } from '../commands/status.js';
import { subjectOf, whyLines } from '../commands/why.js';
import type { PlanReport } from '../plan/make-plan.js';
import { renderPlan } from '../plan/render.js';
import { openProgressView } from '../progress/view.js';
import { progressOf } from '../progress/progress.js';
import { createProgram } from '../program.js';
import { custom, snapshot } from '../testing/objects.js';
import { createTerminal, plainText, type Terminal } from './terminal.js';

/** Clears the screen, sets the title, hides, overwrites the line, turns the direction; in both forms of the escape character. */
const orders = [
  '\u001b[2J',
  '\u001b]0;title\u0007',
  '\u001b[8m',
  '\u009b31m',
  '\u001b[35m',
  '\u001b[1;31mred',
  '\u001bPq',
  '\r',
  '\b',
  '\u202eevil',
  '\u2066',
  '\u200f',
  '\u2028',
  '\u{e0041}',
  '\0',
  '\u007f',
  '\u001b',
];
const hostile = `before${orders.join('x')}after`;
const forbidden = /(?![\n\t])\p{Cc}|\p{Bidi_Control}|[\p{Zl}\p{Zp}\u{e0000}-\u{e007f}]/u;

function stream({ isTTY = false } = {}) {
  const out = new PassThrough() as unknown as NodeJS.WriteStream & PassThrough;
  Object.assign(out, { isTTY, columns: 100 });
  return { out, said: () => String(out.read() ?? '') };
}

/** What is written on terminals without their colours, which are the command's own. */
function written(say: (terminal: Terminal) => void, { isTTY = false } = {}): string {
  const [stdout, stderr] = [stream({ isTTY }), stream()];
  say(createTerminal(stdout.out, stderr.out, { env: {} }));
  return `${stdout.said()}${stderr.said()}`;
}

const waiting = { ready: false, reason: 'Rejected', message: `one\ntwo ${hostile}` };
const observed = snapshot(
  custom('ControlPlane', 'openstack', { ...waiting, spec: { release: hostile, services: { keystone: {} } } }),
  custom('Keystone', 'keystone', waiting),
  custom('MariaDB', 'mariadb', { ready: true, endpoint: hostile }),
);
const object = { apiVersion: 'v1', kind: 'Secret', name: hostile, namespace: 'openstack' };
const plan = {
  edits: [{ object, isNew: false, fields: [{ path: hostile, from: hostile, to: hostile, managers: [hostile] }] }],
  undone: [],
  refused: [{ object, step: hostile, reason: hostile, message: hostile }],
  objects: [
    {
      object,
      steps: [
        {
          step: hostile,
          state: 'Failed',
          reason: hostile,
          message: hostile,
          changes: [{ action: 'change', object, text: hostile, fields: [], warnings: [hostile] }],
        },
      ],
      conditions: [],
      error: `forged\nPlan: nothing to change. ${hostile}`,
    },
  ],
  summary: { create: 0, change: 1, delete: 0, external: 0, unknown: 0, failed: 1 },
} as unknown as PlanReport;

describe('what a command prints of the cluster', () => {
  const commands: [string, (terminal: Terminal) => void][] = [
    ['status', (to) => to.lines(renderStatus(reportOf(observed), observed, to.colors, to.columns))],
    ['status -o json', (to) => to.json(reportOf(observed))],
    ['why', (to) => to.lines(whyLines(observed, subjectOf(observed, undefined), to.colors))],
    ['why of a service', (to) => to.lines(whyLines(observed, subjectOf(observed, 'keystone'), to.colors))],
    ['plan', (to) => to.lines(renderPlan(plan, to.colors))],
    ['plan -o json', (to) => to.json(plan)],
    ['the log of a Pod', (to) => to.data(hostile)],
    ['a note', (to) => to.note(hostile)],
    ['the progress of up', (to) => openProgressView(to).rows(progressOf(observed))],
  ];

  it.each(commands)('gives a terminal no orders: %s', (_command, say) => {
    const text = written(say);
    expect(text).toMatch(/before/);
    expect(text).not.toMatch(forbidden);
  });

  it.each(commands)('has no colours but those of the command: %s', (_command, say) => {
    const text = written(say, { isTTY: true });
    const own = new RegExp(`${String.fromCharCode(27)}\\[\\d{1,2}m`, 'g');
    expect(text.replace(own, '')).not.toMatch(forbidden);
    expect(text).not.toContain(`${String.fromCharCode(27)}[8m`);
    expect(text).not.toContain(`${String.fromCharCode(27)}[35m`);
  });

  it('begins no line of its own', () => {
    const lines = written((to) => to.lines(renderPlan(plan, to.colors))).split('\n');
    expect(lines.filter((line) => line.startsWith('Plan:'))).toHaveLength(1);
  });

  it('says the same to programs, escaped', () => {
    const text = written((to) => to.json({ message: hostile }));
    expect(JSON.parse(text)).toEqual({ message: hostile });
  });
});

it('colours may stand in one another, and are there on terminals only', () => {
  const say = (to: Terminal) => to.lines([to.colors.red(`a ${to.colors.bold('b')} ${to.colors.green('c')} d`)]);
  const escape = String.fromCharCode(27);
  expect(written(say)).toBe('a b c d\n');
  expect(written(say, { isTTY: true })).toBe(
    `${escape}[31ma ${escape}[1mb${escape}[22m ${escape}[32mc${escape}[31m d${escape}[39m\n`,
  );
});

it('what is wrong with arguments is said without their orders', async () => {
  const [stdout, stderr] = [stream(), stream()];
  const program = createProgram({
    ...{ stdout: stdout.out, stderr: stderr.out, signal: new AbortController().signal },
    setExitCode: () => undefined,
  }).exitOverride();
  await expect(program.parseAsync([`${hostile}`], { from: 'user' })).rejects.toThrow();
  expect(stderr.said()).not.toMatch(forbidden);
});

it('text of any length is made plain in no time to speak of', () => {
  for (const one of ['\u001b[', '\u001b];', '\u009b1;', '\u202e'])
    expect(plainText(one.repeat(100_000))).not.toMatch(forbidden);
});

it('nothing is written past the terminal', () => {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const sources = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.ts') && !path.endsWith('.test.ts'),
  );
  const past = sources.filter((path) =>
    /console\.|std(out|err)\.write\((?!plainText\()/.test(readFileSync(`${root}/${path}`, 'utf8')),
  );
  expect(past).toEqual(['terminal/terminal.ts']);
});
