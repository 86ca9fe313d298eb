// What controllers use of what they are granted: what the API server let them do, by its own account.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditEvent } from '@stackwright/devcluster';
import { written } from './right.js';

/** A directory that every process of the suite adds to. Unset: nobody wants to know. */
export const DIRECTORY = 'STACKWRIGHT_RIGHTS';

/** Takes requests of ServiceAccounts of `namespace`; the first of each kind is written down. */
export function rightsRecorder(namespace: string): ((event: AuditEvent) => void) | undefined {
  const directory = process.env[DIRECTORY];
  if (directory === undefined || directory === '') return undefined;
  const file = join(directory, `${process.pid}`);
  const prefix = `system:serviceaccount:${namespace}:`;
  const seen = new Set<string>();
  return ({ user, group = '', resource, subresource, verb, code }) => {
    if (!user.startsWith(prefix) || code === 401 || code === 403) return;
    const controller = user.slice(prefix.length);
    // A patch that makes what was not there is asked for both.
    for (const used of verb === 'patch' && code === 201 ? ['patch', 'create'] : [verb]) {
      const full = subresource ? `${resource}/${subresource}` : resource;
      const line = written({ controller, group, resource: full, verb: used });
      if (seen.has(line)) continue;
      seen.add(line);
      appendFileSync(file, `${line}\n`);
    }
  };
}
