// The part of `spec` that is about one workload of a service besides its API: how many Pods, with what, and where.
import { Type, type Static } from '@sinclair/typebox';
import { resources } from './fields.js';
import { schedulingFields } from './scheduling.js';

const fields = { resources: Type.Optional(resources()), ...schedulingFields };

/**
 * `what`: "Engines, which do what stacks ask for". `replicas`: how many Pods there are where the object says nothing; then the number is
 * set when the workload is made, and others' (an autoscaler's) since.
 */
export const worker = (what: string, { replicas: own = 1 }: { replicas?: number } = {}) =>
  Type.Object(
    {
      // Without a default in the CRD: whether somebody said a number decides whose it is.
      replicas: Type.Optional(
        Type.Integer({
          description: `Number of Pods. Absent: ${own} when they are first made; then they may be scaled by others.`,
          minimum: 1,
        }),
      ),
      ...fields,
    },
    { description: `${what}. What is not said here is as in spec.` },
  );

/** The same of what runs once on each node that it may run on. */
export const nodeWorker = (what: string) =>
  Type.Object(fields, { description: `${what}. What is not said here is as in spec.` });

export type WorkerSpec = Static<ReturnType<typeof worker>>;
