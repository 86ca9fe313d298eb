import { stackwright } from '@stackwright/api';
import { runModule } from '@stackwright/core';
import { glance } from './module.js';

await runModule(glance, stackwright);
