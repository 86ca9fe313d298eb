// A plan as people read it: what changes, and why; what nobody can know yet; and a line that sums it up.
import type { ObjectPlan, ObjectReference, PlannedChange, PlannedField, PlannedStep } from '@stackwright/graph';
import type { Colors } from '../terminal/terminal.js';
import type { PlanReport } from './make-plan.js';

type ChangeAction = PlannedChange['action'];

const marks: Record<ChangeAction, string> = { create: '+', change: '~', delete: '-', release: '=', external: '*' };

export function renderPlan(report: PlanReport, colors: Colors): string[] {
  const paint: Record<ChangeAction, (text: string) => string> = {
    create: colors.green,
    change: colors.yellow,
    delete: colors.red,
    release: colors.cyan,
    external: colors.yellow,
  };
  const fieldLines = (fields: readonly PlannedField[]): string[] =>
    fields.map(({ path, from, to, managers }) => {
      const by = managers.length > 0 ? colors.dim(`   (${managers.join(', ')})`) : '';
      return `        ${path}: ${from ?? 'none'} → ${to ?? 'none'}${by}`;
    });
  const changeLines = (change: PlannedChange): string[] => {
    const mark = paint[change.action](marks[change.action]);
    if (change.action === 'external') return [`    ${mark} outside Kubernetes: ${change.text}`];
    const { kind, name } = change.object;
    return [
      `    ${mark} ${kind} ${name}  ${colors.dim(change.text)}`,
      ...fieldLines(change.fields),
      ...(change.warnings ?? []).map((warning) => colors.red(`      ! ${warning}`)),
    ];
  };
  const stepLines = (step: PlannedStep): string[] => [
    `  ${colors.bold(step.step === '' ? 'the object itself' : step.step)}${noteOf(step)}`,
    ...step.changes.flatMap(changeLines),
  ];
  const objectLines = (object: ObjectPlan): string[] => {
    const steps = object.steps.filter((step) => step.changes.length > 0 || step.state === 'Failed');
    const conditions = object.conditions.map(
      ({ type, from, to }) =>
        `  ${type}: ${from?.status ?? 'none'} → ${to.status}${to.status === 'True' ? '' : ` (${to.reason})`}`,
    );
    const kept = (object.kept ?? []).map(({ kind, name }) => `  ${kind} ${name} stays`);
    if (steps.length + conditions.length + kept.length === 0 && object.error === undefined) return [];
    return [
      `${colors.bold(say(object.object))}${stateOf(object)}`,
      ...steps.flatMap(stepLines),
      ...conditions,
      ...kept,
      ...(object.error === undefined ? [] : [`  ${colors.red(object.error)}`]),
      '',
    ];
  };
  const { edits, undone, objects, refused } = report;
  return [
    ...refused.flatMap(({ object, step, reason, message }) => [
      colors.red(`! ${say(object)}, ${step}: ${reason}: ${oneLine(message)}`),
    ]),
    ...(refused.length > 0 ? ['  Nothing below happens where it depends on this.', ''] : []),
    ...edits.flatMap(({ object, isNew, fields }) => [
      `${colors.bold(say(object))} as in the file${isNew ? ', new' : fields.length > 0 ? '' : ': no change'}`,
      ...fieldLines(fields),
      '',
    ]),
    ...undone.flatMap(({ object, by, fields }) => [
      colors.red(`! ${say(by)} would set this back in ${say(object)}; edit ${by.kind} ${by.name} instead:`),
      ...fieldLines(fields),
      '',
    ]),
    ...objects.flatMap(objectLines),
    ...unknownLines(report),
    summaryOf(report),
  ];
}

/** One line each, however many there are: what is not known needs no reading. */
function unknownLines({ objects, unreachable, unconfirmed }: PlanReport): string[] {
  const unknown = objects.flatMap(({ object, steps }) =>
    steps.filter(({ state }) => state === 'Unknown').map((step) => ({ ...step, of: say(object) })),
  );
  const unseen = unknown.filter(({ message }) => message.startsWith('not observed'));
  const names = (steps: readonly { of: string; step: string }[]) =>
    `${steps
      .slice(0, 4)
      .map(({ of, step }) => `${of} ${step}`)
      .join(', ')}${steps.length > 4 ? ` and ${steps.length - 4} more` : ''}`;
  const later = unknown.filter((step) => !unseen.includes(step));
  const why = unreachable === undefined ? '' : `; it was not reached from this machine: ${oneLine(unreachable)}`;
  return [
    ...(unseen.length > 0 ? [`Not looked at, outside Kubernetes: ${names(unseen)}${why}.`] : []),
    ...(later.length > 0 ? [`Not known before that: ${names(later)}.`] : []),
    ...(unconfirmed === undefined ? [] : [`The API server was not asked about the writes: ${oneLine(unconfirmed)}`]),
    ...(unseen.length + later.length > 0 || unconfirmed !== undefined ? [''] : []),
  ];
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();

function summaryOf({ summary }: PlanReport): string {
  const { create, change, delete: gone, external, unknown, failed } = summary;
  const rest = [
    ...(unknown > 0 ? [`${unknown} ${unknown === 1 ? 'step is' : 'steps are'} not known yet`] : []),
    ...(failed > 0 ? [`${failed} ${failed === 1 ? 'step fails' : 'steps fail'}`] : []),
  ];
  const more = rest.length > 0 ? `; ${rest.join(', ')}` : '';
  if (create + change + gone + external === 0) return `Plan: nothing to change${more}.`;
  const outside = external > 0 ? `, ${external} outside Kubernetes` : '';
  return `Plan: ${create} to create, ${change} to change, ${gone} to delete${outside}${more}.`;
}

function noteOf({ state, reason, message }: PlannedStep): string {
  if (state === 'Unknown') return `  ${message}`;
  return state === 'Done' || message === ''
    ? ''
    : `  ${state === 'Failed' ? 'fails' : 'then waits'}: ${reason}: ${oneLine(message)}`;
}

function stateOf({ paused, deleting, missing }: ObjectPlan): string {
  if (missing) return '  does not exist';
  if (paused) return '  is paused: nothing of this happens until it is resumed';
  return deleting ? '  is being deleted' : '';
}

const say = ({ kind, name }: ObjectReference): string => `${kind} ${name}`;
