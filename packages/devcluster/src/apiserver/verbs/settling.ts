// Right after a CRD is made a real server answers lists and watches of its objects with 429, which clients must survive.
import type { ServerContext } from '../context.js';
import { tooManyRequests } from '../errors.js';
import type { ServedResource } from '../registry/resource.js';

export function refuseWhileSettling(context: ServerContext, { storage }: ServedResource): void {
  const until = context.settling.get(storage);
  if (until === undefined) return;
  if (context.now() >= until) context.settling.delete(storage);
  else throw tooManyRequests('storage is (re)initializing', 1);
}
