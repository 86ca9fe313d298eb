// A controller process as in production, but for two things: it says what its caches hold when asked, and it dies with
// the process that started it.
import { runModules, type Cache, type ControllerModule } from '@stackwright/core';
import { contentsOf } from './caches.js';
import { graphWidgets } from './graph.js';
import { ledgerAt } from './ledger-client.js';
import { plainWidgets } from './plain.js';

const ledger = ledgerAt(process.env['LEDGER_URL'] ?? '');
const graph = graphWidgets(ledger);
let cache: Cache | undefined;
const observed: ControllerModule = {
  ...graph,
  setup(manager) {
    graph.setup(manager);
    ({ cache } = manager);
  },
};

process.on('message', () => process.send?.(cache ? contentsOf(cache) : {}));
process.on('disconnect', () => process.exit(1));

await runModules([plainWidgets(ledger), observed], 'soak');
