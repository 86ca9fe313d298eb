import { stackwright } from '@stackwright/api';
import { runModule } from '@stackwright/core';
import { rabbitmq } from './module.js';

await runModule(rabbitmq, stackwright);
