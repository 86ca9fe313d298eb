import type { Container, LifecycleHandler } from 'kubernetes-types/core/v1.d.ts';
import { pause, type Clock } from '../shared/clock.js';
import { messageOf } from '../shared/log.js';
import { httpProbe } from './probes/probe.js';
import type { ContainerRuntime } from './runtime.js';

export interface HookTarget {
  containerId: string;
  container: Container;
  podIP: string;
}

/** Runs a lifecycle handler. Resolves with what went wrong, or with nothing. */
export async function runHook(
  handler: LifecycleHandler,
  target: HookTarget,
  timeoutSeconds: number,
  { runtime, clock }: { runtime: ContainerRuntime; clock: Clock },
): Promise<string | undefined> {
  try {
    if (handler.exec) {
      const result = await runtime.exec(target.containerId, handler.exec.command ?? [], { timeoutSeconds });
      return result.exitCode === 0
        ? undefined
        : `command exited with ${result.exitCode}: ${result.stderr.trim().slice(0, 512)}`;
    }
    if (handler.httpGet) {
      const result = await httpProbe(handler.httpGet, target, timeoutSeconds * 1000);
      return result.ok ? undefined : result.output;
    }
    if (handler.sleep) await pause(clock, handler.sleep.seconds * 1000, new AbortController().signal);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
