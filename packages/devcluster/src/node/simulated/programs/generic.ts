import { terminated, type Program } from '../program.js';
import { ok, serveHttp } from './serve.js';

/** A container without ports does some work and is done. */
export const task: Program = async ({ spec, log }) => {
  log(`simulated: ${[...(spec.command ?? []), ...(spec.args ?? [])].join(' ') || spec.image} is done`);
  return 0;
};

/** A container with ports serves on all of them: HTTP that says OK to everything. */
export const server: Program = async (context) => {
  await Promise.all(
    context.spec.ports
      .filter(({ protocol }) => protocol === 'TCP')
      .map(({ containerPort }) => serveHttp(ok, containerPort, context)),
  );
  return 0;
};

/** A container without ports that works until it is told to end. */
export const worker: Program = async (context) => {
  context.log(`simulated: ${(context.spec.command ?? []).join(' ')} works`);
  context.serving();
  await terminated(context);
  return 0;
};
