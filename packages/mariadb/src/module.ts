import { DatabaseClaim, stackwright } from '@stackwright/api';
import { moduleOfGraphs, type GraphModule } from '@stackwright/graph';
import { databaseClaimGraph } from './claim/database-claim.js';
import { MariaDB } from './crd.js';
import { mariadbGraph } from './server/mariadb.js';
import { mysql } from './sql/mysql.js';

export const mariadb: GraphModule = moduleOfGraphs({
  name: 'mariadb',
  naming: stackwright,
  endsWithNamespace: true,
  customResources: [MariaDB, DatabaseClaim],
  graphs: [mariadbGraph(mysql), databaseClaimGraph(mysql)],
});
