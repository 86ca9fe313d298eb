// Who may read /metrics: whoever Kubernetes knows (TokenReview) and allows to `get` that path (SubjectAccessReview), as
// controller-runtime's secure metrics have it. Prometheus' ServiceAccount needs a ClusterRole with
// `nonResourceURLs: [/metrics], verbs: [get]`; this process needs `metricsAuthRules`.
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { defineResource, type Client, type KubeObject } from '@stackwright/kube';
import type { Logger } from '../log.js';
import type { PolicyRule } from '../module.js';
import type { Clock } from '../seams/clock.js';
import { text, type Answer, type Route } from './http-server.js';

/** Cluster-wide, as the ClusterRole `system:auth-delegator` has them. */
export const metricsAuthRules: readonly PolicyRule[] = [
  { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
  { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
];

interface User {
  username?: string;
  uid?: string;
  groups?: readonly string[];
  extra?: Readonly<Record<string, readonly string[]>>;
}

interface TokenReview extends KubeObject {
  spec: { token: string };
  status?: { authenticated?: boolean; user?: User };
}

interface SubjectAccessReview extends KubeObject {
  spec: {
    user: string;
    uid?: string;
    groups?: readonly string[];
    extra?: Readonly<Record<string, readonly string[]>>;
    nonResourceAttributes: { path: string; verb: string };
  };
  status?: { allowed?: boolean };
}

const TokenReview = defineResource<TokenReview>({
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenReview',
  plural: 'tokenreviews',
  namespaced: false,
});
const SubjectAccessReview = defineResource<SubjectAccessReview>({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
  namespaced: false,
});

export interface MetricsAuthOptions {
  client: Client;
  clock: Clock;
  log: Logger;
}

/** Milliseconds that an answer of the API server counts. A refusal is asked again sooner. */
const allowedFor = 60_000;
const refusedFor = 10_000;
/** Answers that are remembered: a scraper or two, and whoever tries tokens must not fill the memory. */
const capacity = 100;
/** Questions at once: they go by the connections that the controllers use, too. */
const mostQuestions = 8;

type Decision = 200 | 401 | 403;

interface Known {
  decision: Promise<Decision>;
  isAllowed: boolean;
  until: number;
}

export class MetricsAuth {
  readonly #options: MetricsAuthOptions;
  /** By the hash of token and path: tokens are not kept. In the order in which they were asked. */
  readonly #decisions = new Map<string, Known>();
  #asking = 0;

  constructor(options: MetricsAuthOptions) {
    this.#options = options;
  }

  /** How many answers are remembered. */
  get size(): number {
    return this.#decisions.size;
  }

  /** `route` for those who may. */
  guard(path: string, route: Route): Route {
    return async (request): Promise<Answer> => {
      const token = tokenOf(request);
      if (token === undefined) return text(401, 'unauthorized');
      try {
        const decision = await this.#decide(token, path);
        if (decision === undefined) return text(503, 'too many ask at once');
        if (decision !== 200) return text(decision, decision === 401 ? 'unauthorized' : 'forbidden');
      } catch (error) {
        this.#options.log.warn({ err: error }, 'Access to metrics could not be decided');
        return text(503, 'access could not be decided');
      }
      return route(request);
    };
  }

  /** Undefined when it is not asked now. */
  #decide(token: string, path: string): Promise<Decision> | undefined {
    const { clock } = this.#options;
    const key = createHash('sha256').update(`${path}\n${token}`).digest('base64');
    const known = this.#decisions.get(key);
    if (known && clock.monotonic() < known.until) return known.decision;
    if (this.#asking >= mostQuestions) return undefined;
    this.#asking++;
    const decision = this.#ask(token, path).finally(() => void this.#asking--);
    const entry: Known = { decision, isAllowed: false, until: clock.monotonic() + refusedFor };
    this.#decisions.delete(key);
    this.#decisions.set(key, entry);
    if (this.#decisions.size > capacity) this.#forgetOne();
    decision.then(
      (code) => {
        entry.isAllowed = code === 200;
        entry.until = clock.monotonic() + (entry.isAllowed ? allowedFor : refusedFor);
      },
      // No answer is none to remember.
      () => void (this.#decisions.get(key) === entry && this.#decisions.delete(key)),
    );
    return decision;
  }

  /** Whoever tries tokens takes the place of those who did, and not of who is let in. */
  #forgetOne(): void {
    const [oldest = ''] = this.#decisions.keys();
    const refused = [...this.#decisions].find(([, { isAllowed }]) => !isAllowed)?.[0];
    this.#decisions.delete(refused ?? oldest);
  }

  async #ask(token: string, path: string): Promise<Decision> {
    const { client } = this.#options;
    const { status } = await client.create(TokenReview, { spec: { token } });
    const user = status?.user;
    if (!status?.authenticated || !user?.username) return 401;
    const { username, uid, groups, extra } = user;
    const review = await client.create(SubjectAccessReview, {
      spec: {
        user: username,
        ...(uid !== undefined && { uid }),
        ...(groups && { groups }),
        ...(extra && { extra }),
        nonResourceAttributes: { path, verb: 'get' },
      },
    });
    return review.status?.allowed === true ? 200 : 403;
  }
}

function tokenOf({ headers }: IncomingMessage): string | undefined {
  return /^Bearer ([^\s]+)$/i.exec(headers.authorization ?? '')?.[1];
}
