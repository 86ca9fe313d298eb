// How the Pods of an API serve, and how they end.
import { Type, type Static } from '@sinclair/typebox';

/** What a service has where its object says nothing. */
export interface Serving {
  processes: number;
  threads: number;
  requestTimeoutSeconds: number;
  terminationGracePeriodSeconds: number;
  preStopSeconds: number;
}

export const servingDefaults: Serving = {
  processes: 1,
  threads: 4,
  requestTimeoutSeconds: 300,
  terminationGracePeriodSeconds: 30,
  preStopSeconds: 3,
};

const number = (description: string, minimum: number, maximum: number) =>
  Type.Optional(Type.Integer({ description, minimum, maximum }));

/**
 * `spec.api`. `own`: what the service has instead of the defaults. They are in the descriptions and not in the CRD, so that a
 * better one reaches objects that are there already.
 */
export const serving = (own: Partial<Serving> = {}) => {
  const defaults = { ...servingDefaults, ...own };
  return Type.Object(
    {
      processes: number(
        `Processes of each Pod, each with its own memory and connections. Default: ${defaults.processes}.`,
        1,
        64,
      ),
      threads: number(
        'Threads of each process: so many requests it answers at once, uploads and downloads that take their time included. ' +
          `Default: ${defaults.threads}.`,
        1,
        256,
      ),
      requestTimeoutSeconds: number(
        'Seconds after which a request that is not answered yet is given up: its process is replaced, with the other ' +
          `requests that it has. 0: never. Default: ${defaults.requestTimeoutSeconds}.`,
        0,
        86_400,
      ),
      terminationGracePeriodSeconds: number(
        `Seconds that a Pod has to finish its requests when it is to end. Default: ${defaults.terminationGracePeriodSeconds}.`,
        1,
        86_400,
      ),
      preStopSeconds: number(
        'Seconds, of these, for which a Pod that is to end goes on taking requests, until every node and load balancer has ' +
          `heard of it. 0: none. Default: ${defaults.preStopSeconds}.`,
        0,
        3_600,
      ),
    },
    {
      description: 'How the Pods of the API serve.',
      'x-kubernetes-validations': [
        {
          rule:
            `(has(self.preStopSeconds) ? self.preStopSeconds : ${defaults.preStopSeconds}) < ` +
            `(has(self.terminationGracePeriodSeconds) ? self.terminationGracePeriodSeconds : ${defaults.terminationGracePeriodSeconds})`,
          message: 'preStopSeconds must be less than terminationGracePeriodSeconds, which it is a part of',
        },
      ],
    },
  );
};

export type ServingOverride = Static<ReturnType<typeof serving>>;
