import { stackwright } from '@stackwright/api';
import { runModule } from '@stackwright/core';
import { coordinator } from './module.js';

await runModule(coordinator, stackwright);
