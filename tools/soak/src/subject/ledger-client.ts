// The system outside Kubernetes, as a controller sees it.

export interface LedgerClient {
  /** The revision on the account; undefined when there is none. */
  read(account: string, signal: AbortSignal): Promise<number | undefined>;
  write(account: string, revision: number, signal: AbortSignal): Promise<void>;
  /** An account that is not there counts as closed. */
  close(account: string, signal: AbortSignal): Promise<void>;
}

export function ledgerAt(url: string): LedgerClient {
  const call = async (method: string, account: string, signal: AbortSignal, body?: object): Promise<Response> => {
    const response = await fetch(`${url}/${account}`, {
      method,
      signal,
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    if (!response.ok && response.status !== 404) throw new Error(`${method} ${account}: ${response.status}`);
    return response;
  };
  return {
    async read(account, signal) {
      const response = await call('GET', account, signal);
      return response.ok ? ((await response.json()) as { revision: number }).revision : undefined;
    },
    async write(account, revision, signal) {
      await call('PUT', account, signal, { revision });
    },
    async close(account, signal) {
      await call('DELETE', account, signal);
    },
  };
}
