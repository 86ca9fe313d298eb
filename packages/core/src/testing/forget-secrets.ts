// Before each file of tests that share a process (vitest.config.ts): what one has learned must not be masked in the next.
import { forgetSecrets } from '../scrub/scrub.js';

forgetSecrets();
