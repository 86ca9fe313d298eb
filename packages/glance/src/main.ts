import { runModule } from '@stackwright/core';
import { glance } from './module.js';

await runModule(glance);
