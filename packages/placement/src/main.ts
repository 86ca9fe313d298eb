import { stackwright } from '@stackwright/api';
import { runModule } from '@stackwright/core';
import { placement } from './module.js';

await runModule(placement, stackwright);
