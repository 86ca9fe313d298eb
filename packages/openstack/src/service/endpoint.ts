// Ready Pods are not enough: an API is there when it answers, and with a token where it wants one.
import { Reason } from '@stackwright/api';
import {
  done,
  endpointsOf,
  waiting,
  withDeadline,
  type Explanation,
  type GraphBuilder,
  type RuntimeKind,
  type StepHandle,
  type StepScope,
} from '@stackwright/graph';
import { Deployment, EndpointSlice, Secret, Service } from '@stackwright/kube';
import type { Sessions } from '../identity/session.js';
import type { Address, Http, HttpRequest } from '../seams/http.js';
import { authenticatedCheck, CheckError } from './api-check.js';
import type { Api, ApiCheck, ServiceObject } from './builder.js';
import { servedAuthority, servedScheme } from './served.js';
import { internalUrl } from './urls.js';

export interface EndpointOptions {
  after: readonly StepHandle[];
  /** Of the step. */
  name: string;
  /** Name of the Service. */
  service: (object: string) => string;
  portName: string;
  port: number;
  probe: string;
  check?: ApiCheck;
}

/** What asks. */
export interface Asking {
  http: Http;
  /** Of the controller. */
  sessions: RuntimeKind<Sessions>;
}

/** Milliseconds that a look may take, and that asking may take of them. Each endpoint has its share, so that none keeps us from the next. */
const timeout = 10_000;
const patience = 9_000;

/** Done when the API answers through one of its ready endpoints. Costs a call or two every 30 seconds. */
export function endpointStep<R extends ServiceObject>(
  g: GraphBuilder<R>,
  { http, sessions }: Asking,
  { after, name, service, portName, port, probe, check }: EndpointOptions,
): StepHandle<Api> {
  const endpoints = (scope: StepScope<R>) => endpointsOf(scope, service(scope.name), portName);
  const where = (scope: StepScope<R>) => ({ name: service(scope.name), port });
  const endpoint = g.external<true, never, Api>({
    name,
    after: [...after, ...(check ? [check.as, ...(check.after ?? [])] : [])],
    // Not the outputs of the steps before: it is asked whether it serves also while what is wanted next is refused.
    reads: [Deployment, EndpointSlice, Secret, Service],
    resync: 30_000,
    timeout,
    ready(scope) {
      if (endpoints(scope).length > 0) return done();
      const on = { apiVersion: 'v1', kind: 'Service', name: service(scope.name), namespace: scope.namespace };
      return waiting(Reason.NoReadyEndpoint, `Service ${on.name} has no ready endpoint`, { on });
    },
    async observe(scope, signal, runtime) {
      const scheme = servedScheme(scope, service(scope.name), scope.object.spec);
      const base = `${scheme}://${service(scope.name)}.${scope.namespace}.svc:${port}`;
      const ca = servedAuthority(scope, service(scope.name));
      const trust = ca === undefined ? {} : { ca };
      const ask = check && authenticatedCheck(scope, runtime.of(sessions), check, { base, ...trust });
      const addresses = endpoints(scope);
      const problems: string[] = [];
      for (const address of addresses) {
        const problem = await withDeadline(runtime.clock, patience / addresses.length, signal, async (within) => {
          const silence = await askProbe(http, { url: base + probe, address, ...trust }, within);
          return silence ?? (await ask?.(address, within));
        }).catch((error: unknown) => {
          signal.throwIfAborted();
          if (error instanceof CheckError) throw error;
          return `: ${messageOf(error)}`;
        });
        if (problem === undefined) return true;
        problems.push(`${scheme}://${inUrl(address)}${problem}`);
      }
      throw new CheckError(unreachable(problems.join('; ')));
    },
    diff: () => [],
    describe: () => '',
    apply: () => Promise.resolve(),
    explain: (error) => (error instanceof CheckError ? error.explanation : unreachable(messageOf(error))),
    output: (scope) => ({
      name: service(scope.name),
      host: `${service(scope.name)}.${scope.namespace}.svc`,
      port,
      scheme: servedScheme(scope, service(scope.name), scope.object.spec),
      url: internalUrl(scope, where(scope)),
    }),
  });
  g.available(endpoint);
  return endpoint;
}

function unreachable(why: string): Explanation {
  return { reason: Reason.ApiUnreachable, message: `The API does not answer: ${why}` };
}

/** What is wrong, in words that follow the address; undefined when nothing is. */
async function askProbe(
  http: Http,
  call: Pick<HttpRequest, 'url' | 'address' | 'ca'>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { pathname } = new URL(call.url);
  try {
    const { status } = await http.request({ method: 'GET', ...call }, signal);
    return status >= 200 && status < 400 ? undefined : `${pathname} answered ${status}`;
  } catch (error) {
    signal.throwIfAborted();
    return `${pathname}: ${messageOf(error)}`;
  }
}

const inUrl = ({ host, port }: Address): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
