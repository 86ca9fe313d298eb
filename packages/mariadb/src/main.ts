import { stackwright } from '@stackwright/api';
import { runModule } from '@stackwright/core';
import { mariadb } from './module.js';

await runModule(mariadb, stackwright);
