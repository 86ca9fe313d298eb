// A node that takes no Pods says so as a taint too: that is what tolerations are about (`kubectl cordon`).
import type { ObjectKey } from '@stackwright/kube';
import type { Context } from './context.js';
import { Loop } from './loop.js';

const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable';

export function nodeTaintsController({ stores, clock, log }: Context): Loop {
  const { nodes } = stores;
  const loop = new Loop({ name: 'node-taints', reconcile, clock, log });
  nodes.onChange(({ object, deleted }) => {
    if (!deleted) loop.add(object);
  });
  return loop;

  async function reconcile(key: ObjectKey): Promise<void> {
    const node = nodes.get(key);
    const { spec = {} } = node ?? {};
    const tainted = spec.taints?.some((taint) => taint.key === UNSCHEDULABLE) ?? false;
    if (!node || tainted === (spec.unschedulable ?? false)) return;
    const { taints = [], ...rest } = spec;
    const others = taints.filter((taint) => taint.key !== UNSCHEDULABLE);
    const wanted = tainted ? others : [...others, { key: UNSCHEDULABLE, effect: 'NoSchedule' }];
    await nodes.update({ ...node, spec: { ...rest, ...(wanted.length > 0 ? { taints: wanted } : {}) } });
  }
}
