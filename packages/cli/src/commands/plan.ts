import { toYaml } from '@stackwright/kube';
import { exitCodes } from '../errors.js';
import { modules } from '../modules.js';
import { makePlan, type PlanReport } from '../plan/make-plan.js';
import { renderPlan } from '../plan/render.js';
import { withCluster, type CommandContext } from './context.js';

export interface PlanOptions {
  file?: string;
  delete?: boolean;
  observe?: boolean;
  confirm?: boolean;
  output?: 'text' | 'json' | 'yaml';
}

/** Ends with 2 when something would change, so that a pipeline can ask for a decision. */
export async function plan(context: CommandContext, target: string | undefined, options: PlanOptions): Promise<number> {
  const { file, delete: deleted, observe, confirm, output = 'text' } = options;
  return withCluster(context, async ({ client }, namespace) => {
    const { signal, terminal } = context;
    const report = await makePlan({ client, namespace, modules, target, file, deleted, observe, confirm, signal });
    if (output === 'json') terminal.json(report);
    else if (output === 'yaml') terminal.data(toYaml(report).trimEnd());
    else terminal.lines(renderPlan(report, terminal.colors));
    return exitCodeOf(report);
  });
}

export function exitCodeOf({ objects, summary, edits }: PlanReport): number {
  if (summary.failed > 0 || objects.some(({ error }) => error !== undefined)) return exitCodes.error;
  const { create, change, delete: gone, external } = summary;
  const isEdited = edits.some(({ isNew, fields }) => isNew || fields.length > 0);
  return create + change + gone + external > 0 || isEdited ? exitCodes.changes : exitCodes.ok;
}
