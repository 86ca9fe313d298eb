import { Pod, pathOf, ServiceAccount, type Client } from '@stackwright/kube';
import { millisecondsOf, type Clock } from '../../shared/clock.js';
import type { Stored } from '../../shared/objects.js';

interface Token {
  token: string;
  /** When a new one is due: at 80 % of its life. */
  renewAt: number;
}

/** Tokens of ServiceAccounts, bound to the Pod that they are for and renewed well before they expire. */
export class Tokens {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #tokens = new Map<string, Token>();

  constructor(client: Client, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  async get(pod: Stored<Pod>, audience: string | undefined, expirationSeconds: number): Promise<string> {
    const key = `${pod.metadata.uid}/${audience ?? ''}/${expirationSeconds}`;
    const known = this.#tokens.get(key);
    if (known && known.renewAt > this.#clock.now()) return known.token;
    const issued = await this.#request(pod, audience, expirationSeconds);
    this.#tokens.set(key, issued);
    return issued.token;
  }

  /** When the next of the Pod's tokens is due, in milliseconds since the epoch. */
  nextRenewal(podUid: string): number | undefined {
    const times = [...this.#tokens].filter(([key]) => key.startsWith(`${podUid}/`)).map(([, token]) => token.renewAt);
    return times.length > 0 ? Math.min(...times) : undefined;
  }

  forget(podUid: string): void {
    for (const key of this.#tokens.keys()) if (key.startsWith(`${podUid}/`)) this.#tokens.delete(key);
  }

  async #request(pod: Stored<Pod>, audience: string | undefined, expirationSeconds: number): Promise<Token> {
    const { namespace, name, uid } = pod.metadata;
    const path = pathOf(ServiceAccount, { namespace, name: pod.spec?.serviceAccountName ?? 'default' }, 'token');
    const body = JSON.stringify({
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {
        ...(audience === undefined ? {} : { audiences: [audience] }),
        expirationSeconds,
        boundObjectRef: { apiVersion: 'v1', kind: Pod.kind, name, uid },
      },
    });
    const answer = JSON.parse(await this.#client.raw('POST', path, { body, contentType: 'application/json' })) as {
      status: { token: string; expirationTimestamp: string };
    };
    const now = this.#clock.now();
    const life = millisecondsOf(answer.status.expirationTimestamp) - now;
    return { token: answer.status.token, renewAt: now + life * 0.8 };
  }
}
