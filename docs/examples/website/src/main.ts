import { runModule } from '@stackwright/core';
import { website } from './website.js';

await runModule(website);
