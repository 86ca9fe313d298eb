import { stackwright } from '@stackwright/api';
import { runModule } from '@stackwright/core';
import { keystone } from './module.js';

await runModule(keystone, stackwright);
