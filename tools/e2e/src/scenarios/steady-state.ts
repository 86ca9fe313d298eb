import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, writesOf } from '@stackwright/integration';
import { Lease } from '@stackwright/kube';
import type { AuditEvent } from '@stackwright/devcluster';
import { expect, it } from 'vitest';
import { namespace, type Cluster } from '../cluster.js';
import { objectVersions } from '../observe.js';

/** How many times each controller must have renewed its Lease: at one renewal every two seconds, a minute or so. */
const renewals = 30;

export function steadyState(cluster: Cluster): void {
  it('nothing is written once all is ready, but Leases', async () => {
    const from = auditOf(cluster).length;
    const before = await leases(cluster);
    expect(Object.keys(before).length).toBeGreaterThanOrEqual(4);
    await eventually(async () => {
      const quiet = auditOf(cluster).slice(from);
      for (const name of Object.keys(before)) {
        const renewed = quiet.filter(
          (event) => event.resource === 'leases' && event.name === name && event.changed,
        ).length;
        if (renewed < renewals) throw new Error(`${name} was renewed ${renewed} times`);
      }
    }, 240_000);
    expect(writesOf(auditOf(cluster).slice(from))).toEqual([]);
    expect(await leases(cluster)).toEqual(before);
  });

  it('npm start again changes nothing', async () => {
    const before = await objectVersions(cluster.client);
    const again = await cluster.npmStart();
    expect(again.code).toBe(0);
    expect(await objectVersions(cluster.client)).toEqual(before);
  });
}

export function auditOf(cluster: Cluster): AuditEvent[] {
  return readFileSync(join(cluster.stateDir, 'audit.log'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as AuditEvent);
}

/** Holder by Lease: nobody lost it. */
async function leases({ client }: Cluster): Promise<Record<string, string>> {
  const { items } = await client.listAll(Lease, { namespace });
  return Object.fromEntries(items.map(({ metadata, spec }) => [metadata?.name ?? '', spec?.holderIdentity ?? '']));
}
