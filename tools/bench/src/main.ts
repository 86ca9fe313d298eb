// npm run bench
import { bench } from './command.js';

process.exitCode = await bench(process.argv.slice(2), process.env);
