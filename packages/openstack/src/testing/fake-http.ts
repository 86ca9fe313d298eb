// The network of a test: APIs that answer what the test says, and a Keystone that gives tokens.
import type { Http, HttpRequest, HttpResponse } from '../seams/http.js';

/** A status, a whole answer, or no answer at all. */
export type FakeAnswer = number | Partial<HttpResponse> | Error;

export class FakeHttp implements Http {
  /** All that was asked, in order. */
  readonly calls: HttpRequest[] = [];
  /** What everybody answers but Keystone to a login. */
  answer: FakeAnswer | ((call: HttpRequest) => FakeAnswer) = 200;
  /** What Keystone answers to a login. Default: a token for an hour, `token-1` and so on. */
  login: FakeAnswer | undefined;
  readonly #silent = new Map<string, () => void>();
  #tokens = 0;

  request(call: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
    if (signal.aborted) return Promise.reject(new Error('Aborted'));
    this.calls.push(call);
    const host = call.address?.host ?? new URL(call.url).hostname;
    const silent = this.#silent.get(host);
    if (silent) {
      silent();
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('Aborted')), { once: true });
      });
    }
    const answer = isLogin(call)
      ? (this.login ?? this.#newToken())
      : typeof this.answer === 'function'
        ? this.answer(call)
        : this.answer;
    if (answer instanceof Error) return Promise.reject(answer);
    const given = typeof answer === 'number' ? { status: answer } : answer;
    return Promise.resolve({ status: 200, headers: {}, body: '', ...given });
  }

  /** "GET http://keystone.ns.svc:5000/v3/users @ 10.0.0.1", those since the last time. */
  asked(): string[] {
    return this.calls.splice(0).map(({ method, url, address }) => {
      const at = address ? ` @ ${address.host}` : '';
      return `${method} ${url}${at}`;
    });
  }

  /** From now on nobody answers at that address, and nobody refuses. Resolves when somebody has asked there. */
  hush(host: string): Promise<void> {
    return new Promise((resolve) => this.#silent.set(host, resolve));
  }

  #newToken(): Partial<HttpResponse> {
    const token = {
      issued_at: '2025-01-01T00:00:00.000000Z',
      expires_at: '2025-01-01T01:00:00.000000Z',
      user: { id: 'user-1' },
      roles: [{ name: 'admin' }],
    };
    const headers = { 'x-subject-token': `token-${++this.#tokens}` };
    return { status: 201, headers, body: JSON.stringify({ token }) };
  }
}

const isLogin = ({ method, url }: HttpRequest): boolean =>
  method === 'POST' && new URL(url).pathname.endsWith('/auth/tokens');
