// How many connections the server takes at once: as many as the claims' consumers may open, without a restart.
import { annotations, DatabaseClaim, Reason } from '@stackwright/api';
import { done, type GraphBuilder, type Outcome, type StepHandle, type StepScope } from '@stackwright/graph';
import { claimsOfProvider, ConfigError } from '@stackwright/openstack';
import type { MariaDB } from '../crd.js';
import type { SqlAdmin } from '../sql/admin.js';
import { explain } from '../sql/explain.js';
import { leastConnections, memoryOf, serverOptions } from './files.js';
import type { Server } from './login.js';

/** Of a claim that does not say how many. */
const unsaid = 50;

/** For who administers the server. */
const reserve = 10;

/** Rounded up to this, so that another service mostly changes nothing. */
const unit = 256;

/** Of more than that a server makes that. */
const most = 100_000;

/** Bytes that one takes of what the buffer pool leaves. */
const perConnection = 256 * 2 ** 10;

export const readsOfConnections = [claimsOfProvider(DatabaseClaim)];

type Scope = Pick<StepScope<MariaDB, typeof DatabaseClaim, typeof DatabaseClaim>, 'list' | 'name' | 'object'>;

const claimsOn = (scope: Scope): readonly Readonly<DatabaseClaim>[] =>
  scope.list(DatabaseClaim).filter(({ spec }) => spec.provider === scope.name);

const wantedBy = (claims: readonly Readonly<DatabaseClaim>[]): number =>
  claims.reduce((sum, claim) => sum + connectionsOf(claim), reserve);

/** What claims want, where `spec.config` says nothing: no less than the default, and no more than fit into memory. The step reads claims. */
export function derivedConnections(scope: Scope): number {
  const wanted = Math.ceil(wantedBy(claimsOn(scope)) / unit) * unit;
  const affordable = Math.floor(memoryOf(scope.object.spec.resources) / 2 / perConnection / unit) * unit;
  return Math.max(leastConnections, Math.min(wanted, affordable, most));
}

/** Step 'Connections': a warning where there are too few, since nothing fails until all of them are open. */
export function connectionsStep(g: GraphBuilder<MariaDB>): void {
  g.step({
    name: 'Connections',
    reads: readsOfConnections,
    run(scope): Outcome<undefined> {
      const claims = claimsOn(scope);
      const wanted = wantedBy(claims);
      const taken = maxConnections(scope);
      if (wanted <= taken) return done();
      const largest = [...claims]
        .sort((one, other) => connectionsOf(other) - connectionsOf(one))
        .slice(0, 3)
        .map((claim) => `${claim.metadata?.name ?? ''} ${connectionsOf(claim)}`);
      const message =
        `The claims may open ${wanted} connections, and the server takes ${taken}: ` +
        `give it more memory (spec.resources), or raise spec.config.max_connections (the largest: ${largest.join(', ')})`;
      return done(undefined, { warning: { reason: Reason.ConnectionsScarce, message } });
    },
  });
}

/**
 * Step 'ConnectionLimit': the running server takes as many as its configuration says, which it reads when it starts; it never takes fewer
 * than it did.
 */
export function connectionLimitStep(g: GraphBuilder<MariaDB>, sql: SqlAdmin, endpoint: StepHandle<Server>): void {
  g.external<number, number, undefined>({
    name: 'ConnectionLimit',
    after: [endpoint],
    reads: readsOfConnections,
    async observe(scope, signal) {
      const statement = { sql: 'SELECT @@GLOBAL.max_connections AS most', values: [] };
      const [rows] = await sql.run(scope.output(endpoint).login, [statement], signal);
      // Of a server that does not say it nothing is wanted.
      return Number(rows?.[0]?.['most'] ?? Infinity);
    },
    diff(scope, taken) {
      const wanted = maxConnections(scope);
      return taken < wanted ? [wanted] : [];
    },
    describe: (wanted) => `Take ${wanted} connections`,
    async apply(scope, [wanted], signal) {
      if (wanted === undefined) return;
      const statement = { sql: `SET GLOBAL max_connections = ${wanted}`, values: [] };
      await sql.run(scope.output(endpoint).login, [statement], signal);
    },
    output: () => undefined,
    explain,
  });
}

/** An annotation may say anything. */
function connectionsOf({ metadata }: Readonly<DatabaseClaim>): number {
  const said = metadata?.annotations?.[annotations.connections] ?? '';
  return /^[1-9][0-9]{0,5}$/.test(said) ? Number(said) : unsaid;
}

function maxConnections(scope: Scope): number {
  const derived = derivedConnections(scope);
  try {
    const wanted = Number(serverOptions(scope.object.spec, derived)['max_connections']);
    return Number.isInteger(wanted) && wanted > 0 ? Math.min(wanted, most) : derived;
  } catch (error) {
    // Said where the configuration is made.
    if (error instanceof ConfigError) return derived;
    throw error;
  }
}
