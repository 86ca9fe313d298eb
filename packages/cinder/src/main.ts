import { stackwright } from '@stackwright/api';
import { runModule } from '@stackwright/core';
import { cinder } from './module.js';

await runModule(cinder, stackwright);
