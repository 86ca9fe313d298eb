// A server's certificate in files that somebody renews: cert-manager, or the kubelet, which swaps a symbolic link and
// tells no file watcher. So the content is compared every ten seconds.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import type { Registry } from 'prom-client';
import type { Logger } from '../log.js';
import { registerMetrics } from '../metrics/metric.js';
import { certificateMetrics } from '../metrics/table.js';
import type { Clock } from '../seams/clock.js';
import { sleep } from '../seams/wait.js';

/** PEM. */
export interface Certificate {
  cert: string;
  key: string;
}

export interface CertificateOptions {
  /** Holds `tls.crt` and `tls.key`, as Secrets of type kubernetes.io/tls do. */
  directory: string;
  clock: Clock;
  log: Logger;
  metrics: Registry;
}

const pollPeriod = 10_000;

/** There is no certificate to serve with. */
export class CertificateError extends Error {
  override readonly name = 'CertificateError';
}

export class CertificateWatcher {
  readonly #options: CertificateOptions;
  readonly #metrics;
  #current: Certificate | undefined;

  constructor(options: CertificateOptions) {
    this.#options = options;
    this.#metrics = registerMetrics(options.metrics, certificateMetrics);
    this.#metrics.reads.inc(0);
    this.#metrics.errors.inc(0);
  }

  /** The certificate to begin with. Rejects with a `CertificateError` when there is none. */
  async load(): Promise<Certificate> {
    try {
      return (this.#current = await this.#read());
    } catch (cause) {
      throw new CertificateError(`No certificate in ${this.#options.directory}: ${messageOf(cause)}`, { cause });
    }
  }

  /** Tells of every new certificate until the signal is aborted. One that cannot be used leaves the old one in place. */
  async watch(changed: (certificate: Certificate) => void, signal: AbortSignal): Promise<void> {
    const { clock, log, directory } = this.#options;
    while (!signal.aborted) {
      await sleep(clock, pollPeriod, signal).catch(() => undefined);
      if (signal.aborted) return;
      try {
        const found = await this.#read();
        if (found.cert === this.#current?.cert && found.key === this.#current.key) continue;
        this.#current = found;
        changed(found);
        log.info({ directory }, 'Certificate was renewed');
      } catch (error) {
        // The two files may have been read before and after they were swapped: the next look will see both.
        log.warn({ err: error, directory }, 'Certificate could not be read, the old one is kept');
      }
    }
  }

  async #read(): Promise<Certificate> {
    const { directory } = this.#options;
    this.#metrics.reads.inc();
    try {
      const [cert, key] = await Promise.all([
        readFile(join(directory, 'tls.crt'), 'utf8'),
        readFile(join(directory, 'tls.key'), 'utf8'),
      ]);
      // Throws when the two do not belong together.
      createSecureContext({ cert, key });
      return { cert, key };
    } catch (error) {
      this.#metrics.errors.inc();
      throw error;
    }
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
