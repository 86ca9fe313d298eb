import { stackwright } from '@stackwright/api';
import { runModule } from '@stackwright/core';
import { memcached } from './module.js';

await runModule(memcached, stackwright);
