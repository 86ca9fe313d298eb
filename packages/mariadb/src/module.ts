import { DatabaseClaim } from '@stackwright/api';
import { moduleOfGraphs, type ControllerModule } from '@stackwright/core';
import { databaseClaimGraph } from './claim/database-claim.js';
import { MariaDB } from './crd.js';
import { mariadbGraph } from './server/mariadb.js';
import { mysql } from './sql/mysql.js';

export const mariadb: ControllerModule = moduleOfGraphs({
  name: 'mariadb',
  customResources: [MariaDB, DatabaseClaim],
  graphs: [mariadbGraph(mysql), databaseClaimGraph(mysql)],
});
