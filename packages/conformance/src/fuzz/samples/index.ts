// Valid objects, of every kind that controllers write, with as many fields as go together.
import { networking } from './networking.js';
import { others } from './others.js';
import { pods } from './pods.js';
import type { Sample } from './sample.js';
import { workloads } from './workloads.js';

export type { Sample };

export const samples: readonly Sample[] = [...pods, ...workloads, ...networking, ...others];
