// Deltas over a phase: what the controller, the server and the audit log say before and after it.
import { difference, sum, type CallSums } from './server/protocol.js';
import type { BenchServer } from './server/server.js';
import type { ControllerProcess } from './process/controller.js';

export interface Phase {
  calls: CallSums;
  /** Reconciles that ended. */
  reconciles: number;
  /** Milliseconds of the controller's CPU. */
  cpu: number;
  /** Milliseconds of the server's. */
  serverCpu: number;
  /** Milliseconds. */
  elapsed: number;
}

/** `work` has to be over, with all that follows from it, when its promise resolves. */
export async function measured(
  { server, controller }: { server: BenchServer; controller: ControllerProcess },
  work: () => Promise<void>,
): Promise<Phase> {
  // Asking costs the process that is asked: before the phase, and after the clock was read.
  const { reconciles } = await controller.state();
  const calls = await server.calls();
  const began = { cpu: controller.cpu(), serverCpu: server.cpu(), at: performance.now() };
  await work();
  const cpu = controller.cpu() - began.cpu;
  const serverCpu = server.cpu() - began.serverCpu;
  const elapsed = performance.now() - began.at;
  return {
    calls: sum(difference(await server.calls(), calls)),
    reconciles: (await controller.state()).reconciles - reconciles,
    cpu: cpu * 1000,
    serverCpu: serverCpu * 1000,
    elapsed,
  };
}
