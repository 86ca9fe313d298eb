import { runModule } from '@stackwright/core';
import { mariadb } from './module.js';

await runModule(mariadb);
