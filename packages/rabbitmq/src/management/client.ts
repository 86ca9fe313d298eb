// RabbitMQ's management API: https://www.rabbitmq.com/docs/http-api-reference
import type { Http, HttpRequest, HttpResponse } from '@stackwright/openstack';

/** As whom to administer a broker, and where. */
export interface Login {
  /** Base URL, without a slash at its end. */
  url: string;
  username: string;
  password: string;
  /** PEM of the authorities that the API's certificate is checked against. */
  ca?: string;
}

/** What went wrong, as far as it decides what to do next. */
export type BrokerFailure =
  /** No answer: the broker may or may not have done what was asked. */
  | 'Unreachable'
  /** User or password is wrong, or the user may not do that. */
  | 'Denied'
  | 'Failed';

export class BrokerError extends Error {
  override readonly name = 'BrokerError';
  readonly failure: BrokerFailure;

  /** `message` must hold no secret: it ends up in conditions and logs. */
  constructor(failure: BrokerFailure, message: string) {
    super(message);
    this.failure = failure;
  }
}

export interface Alarm {
  node: string;
  /** "memory", "disk space" */
  resource: string;
}

/** A path in segments, which are names as users wrote them. */
type Path = readonly string[];

export class Management {
  private readonly http: Http;
  private readonly login: Login;
  private readonly signal: AbortSignal;

  constructor(http: Http, login: Login, signal: AbortSignal) {
    this.http = http;
    this.login = login;
    this.signal = signal;
  }

  /** What is there; undefined when it is not. @throws BrokerError */
  async get<T>(...path: Path): Promise<T | undefined> {
    const answer = await this.call('GET', path);
    if (answer.status === 404) return undefined;
    return parsed<T>(accepted(answer, 'GET', path), path);
  }

  /** Makes it, or changes what is there. @throws BrokerError */
  async put(body: object, ...path: Path): Promise<void> {
    accepted(await this.call('PUT', path, body), 'PUT', path);
  }

  /** What is gone already is no error. @throws BrokerError */
  async delete(...path: Path): Promise<void> {
    const answer = await this.call('DELETE', path);
    if (answer.status !== 404) accepted(answer, 'DELETE', path);
  }

  /** What is short on which broker, as far as it holds back whoever publishes. @throws BrokerError */
  async alarms(): Promise<readonly Alarm[]> {
    const path = ['health', 'checks', 'alarms'];
    const answer = await this.call('GET', path);
    if (answer.status !== 503) accepted(answer, 'GET', path);
    return parsed<{ alarms?: Alarm[] }>(answer, path).alarms ?? [];
  }

  private async call(method: HttpRequest['method'], path: Path, json?: object): Promise<HttpResponse> {
    const { url, username, password, ca } = this.login;
    const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    try {
      return await this.http.request(
        {
          method,
          url: `${url}/api/${path.map(encodeURIComponent).join('/')}`,
          headers: { authorization },
          ...(json === undefined ? {} : { json }),
          ...(ca === undefined ? {} : { ca }),
        },
        this.signal,
      );
    } catch (error) {
      this.signal.throwIfAborted();
      throw new BrokerError('Unreachable', `${url}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

function accepted(answer: HttpResponse, method: string, path: Path): HttpResponse {
  const { status } = answer;
  if (status >= 200 && status < 300) return answer;
  const what = `${method} /api/${path.join('/')}`;
  if (status === 401 || status === 403) {
    throw new BrokerError('Denied', `The broker refuses the administrator (${what}: ${status})`);
  }
  throw new BrokerError('Failed', `The broker answered ${what} with ${status}${reasonIn(answer)}`);
}

/** Bodies of requests hold hashes of passwords; what the broker says of them in its answers does not. */
function reasonIn({ body }: HttpResponse): string {
  try {
    const { reason } = JSON.parse(body) as { reason?: unknown };
    return typeof reason === 'string' ? `: ${reason.slice(0, 200)}` : '';
  } catch {
    return '';
  }
}

function parsed<T>({ body }: HttpResponse, path: Path): T {
  try {
    return JSON.parse(body) as T;
  } catch {
    throw new BrokerError('Failed', `What answers GET /api/${path.join('/')} is no management API`);
  }
}
