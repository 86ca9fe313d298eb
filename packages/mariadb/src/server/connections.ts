// Whether the server takes as many connections as the claims' consumers may open.
import { annotations, DatabaseClaim, Reason } from '@stackwright/api';
import { done, type GraphBuilder, type Outcome } from '@stackwright/graph';
import { claimsOfProvider, ConfigError } from '@stackwright/openstack';
import type { MariaDB } from '../crd.js';
import { defaultMaxConnections, serverOptions } from './files.js';

/** Of a claim that does not say how many. */
const unsaid = 50;

/** For who administers the server. */
const reserve = 10;

/** Step 'Connections': a warning where there are too few, since nothing fails until all of them are open. */
export function connectionsStep(g: GraphBuilder<MariaDB>): void {
  g.step({
    name: 'Connections',
    reads: [claimsOfProvider(DatabaseClaim)],
    run(scope): Outcome<undefined> {
      const claims = scope.list(DatabaseClaim).filter(({ spec }) => spec.provider === scope.name);
      const wanted = claims.reduce((sum, claim) => sum + connectionsOf(claim), reserve);
      const most = maxConnections(scope.object.spec);
      if (wanted <= most) return done();
      const largest = [...claims]
        .sort((one, other) => connectionsOf(other) - connectionsOf(one))
        .slice(0, 3)
        .map((claim) => `${claim.metadata?.name ?? ''} ${connectionsOf(claim)}`);
      const message =
        `The claims may open ${wanted} connections, and the server takes ${most}: raise spec.config.max_connections ` +
        `(the largest: ${largest.join(', ')})`;
      return done(undefined, { warning: { reason: Reason.ConnectionsScarce, message } });
    },
  });
}

/** An annotation may say anything. */
function connectionsOf({ metadata }: Readonly<DatabaseClaim>): number {
  const said = metadata?.annotations?.[annotations.connections] ?? '';
  return /^[1-9][0-9]{0,5}$/.test(said) ? Number(said) : unsaid;
}

function maxConnections(spec: MariaDB['spec']): number {
  try {
    const most = Number(serverOptions(spec)['max_connections']);
    return Number.isFinite(most) ? most : defaultMaxConnections;
  } catch (error) {
    // Said where the configuration is made.
    if (error instanceof ConfigError) return defaultMaxConnections;
    throw error;
  }
}
