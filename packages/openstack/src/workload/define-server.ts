// A server that services stand on: run here, or told of by a Secret; it is Ready when it answers its administrator.
import {
  defineObjectGraph,
  type Graph,
  type GraphBuilder,
  type Reconciled,
  type StepHandle,
  type StepScope,
  type Outcome,
} from '@stackwright/graph';
import { Pod, PodDisruptionBudget, Secret, Service, StatefulSet, type Resource } from '@stackwright/kube';
import { serverEndpointStep, type ServerEndpointOptions } from './server-endpoint.js';

export interface ServerDefinition<R extends Reconciled, Server> extends Pick<
  ServerEndpointOptions<R, Server>,
  'reads' | 'ask' | 'explain'
> {
  /** The steps that run it here; the last of them. */
  run: (g: GraphBuilder<R>) => StepHandle;
  /** Where it is and how to administer it, wherever it runs. */
  server: (scope: StepScope<R>, object: Readonly<R>) => Outcome<Server>;
  /** `status.endpoint`: host:port of each, separated by commas. */
  endpoint: (server: Server) => string;
}

export function defineServer<R extends Reconciled & { spec: { external?: object } }, Server>(
  resource: Resource<R>,
  { run, server, reads, endpoint, ask, explain }: ServerDefinition<R, Server>,
): Graph<R> {
  return defineObjectGraph(
    resource,
    (g, { spec }) => {
      const after = spec.external ? [] : [run(g)];
      serverEndpointStep(g, { after, reads, server: (scope) => server(scope, scope.object), ask, explain });
    },
    {
      owns: [Secret, Service, StatefulSet, PodDisruptionBudget],
      reads: [...reads, { resource: Pod, parts: true }],
      status(scope) {
        const answer = scope.output<Server & { version: string }>({ name: 'Endpoint' });
        return answer ? { endpoint: endpoint(answer), version: answer.version } : {};
      },
    },
  );
}
