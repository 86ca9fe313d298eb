// Tells vitest's results as what they mean here: what holds on this cluster, what differs, what was not looked at.
import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Reporter, SerializedError, TestCase, TestModule, TestSuite } from 'vitest/node';
import type { Target } from '../target.js';
import { AREAS } from './areas.js';
import { describeArea, reportOf, summary, type AreaReport, type Finding, type Report } from './report.js';

export interface ReporterOptions {
  /** Where the report is written to, as JSON. */
  json?: string;
  write?: (text: string) => void;
}

export class ConformanceReporter implements Reporter {
  readonly #target: Target;
  readonly #options: ReporterOptions;
  readonly #finished = new Map<string, AreaReport>();
  #waiting: string[] = [];
  #headed = false;
  /** Known at the end of the run. */
  report: Report | undefined;

  constructor(target: Target, options: ReporterOptions = {}) {
    this.#target = target;
    this.#options = options;
  }

  onTestRunStart(specifications: readonly { moduleId: string }[]): void {
    const chosen = new Set(specifications.map(({ moduleId }) => fileOf(moduleId)));
    this.#waiting = AREAS.map(({ file }) => file).filter((file) => chosen.has(file));
  }

  onTestModuleEnd(module: TestModule): void {
    this.#head();
    this.#finished.set(fileOf(module.moduleId), areaOf(module));
    // Areas are told in their order, each as soon as all before it are done.
    for (let next = this.#waiting[0]; next !== undefined && this.#finished.has(next); next = this.#waiting[0]) {
      this.#waiting.shift();
      const area = this.#finished.get(next);
      if (area) this.#say(...describeArea(area));
    }
  }

  onTestRunEnd(_modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const areas = AREAS.flatMap(({ file }) => this.#finished.get(file) ?? []);
    if (errors.length > 0) {
      const stray = { area: 'Outside of any test', findings: errors.map(strayError) };
      areas.push(stray);
      this.#say(...describeArea(stray));
    }
    const { server, version, devcluster } = this.#target;
    this.report = reportOf({ server, version, devcluster }, areas);
    this.#say(summary(areas));
    if (this.#options.json !== undefined)
      writeFileSync(this.#options.json, `${JSON.stringify(this.report, undefined, 2)}\n`);
  }

  #head(): void {
    if (this.#headed) return;
    this.#headed = true;
    const { server, version, missing } = this.#target;
    this.#say('', `${server}, ${version}`);
    for (const reason of new Set(Object.values(missing))) this.#say(`  without: ${reason}`);
    this.#say('');
  }

  #say(...lines: readonly string[]): void {
    const write = this.#options.write ?? ((text: string) => void process.stdout.write(text));
    write(lines.map((line) => `${line}\n`).join(''));
  }
}

const fileOf = (path: string): string => basename(path).replace('.conformance.ts', '');

function areaOf(module: TestModule): AreaReport {
  const file = fileOf(module.moduleId);
  const findings = [...module.children.allTests()].map(findingOf);
  // An error outside of tests (of a hook, of the file itself) must not look like nothing to find.
  for (const { errors } of [module, ...module.children.allSuites()].map((suite) => ({ errors: suite.errors() })))
    findings.push(...errors.map(strayError));
  return { area: AREAS.find((area) => area.file === file)?.title ?? file, findings };
}

function findingOf(test: TestCase): Finding {
  const result = test.result();
  const finding = { statement: sentence(test), duration: Math.round(test.diagnostic()?.duration ?? 0) };
  if (result.state === 'passed') return { ...finding, verdict: 'holds' };
  if (result.state === 'failed')
    return { ...finding, verdict: 'differs', because: result.errors.map(messageOf).join('\n') };
  const note = result.state === 'skipped' ? result.note : undefined;
  return { ...finding, verdict: 'skipped', because: note ?? 'what comes before it did not work' };
}

const strayError = (error: SerializedError): Finding => ({
  statement: 'the area can be looked at',
  verdict: 'differs',
  because: messageOf(error),
  duration: 0,
});

/** Suites are subjects, tests are what is said of them. */
function sentence(test: TestCase): string {
  const words = [test.name];
  for (let parent: TestSuite | TestModule = test.parent; parent.type === 'suite'; parent = parent.parent)
    words.unshift(parent.name);
  return words.join(' ');
}

/** What was said, what differed, and where in the suite. */
function messageOf({ message, diff, stacks }: SerializedError): string {
  const at = stacks?.find(({ file }) => file.includes('/areas/'));
  // Without the colours of the terminal.
  const difference = typeof diff === 'string' ? diff.replace(/\u001b\[\d+m/g, '') : undefined;
  return [message, ...(difference ? [difference] : []), ...(at ? [`at ${basename(at.file)}:${at.line}`] : [])].join(
    '\n',
  );
}
