// What the measuring side asks a controller, by the names that ours has anyway: whether its caches are full, how many
// reconciles ended and how many wait. For the variants that bring no such server.
import { createServer } from 'node:http';
import type { KeyQueue } from './key-queue.js';
import { controllerName } from './widget.js';

export function serveState(queue: KeyQueue, isSynced: () => boolean): void {
  const metrics = (): string =>
    Object.entries(queue.total)
      .map(
        ([result, count]) =>
          `controller_runtime_reconcile_total{controller="${controllerName}",result="${result}"} ${count}\n`,
      )
      .join('') + `workqueue_depth{name="${controllerName}"} ${queue.depth}\n`;
  createServer((request, response) => {
    if (request.url === '/readyz') response.writeHead(isSynced() ? 200 : 503).end();
    else response.end(metrics());
  }).listen(Number(process.env['HTTP_PORT']), process.env['BIND_ADDRESS']);
  // Ends by itself, or no profile would be written.
  process.once('SIGTERM', () => process.exit(0));
}
