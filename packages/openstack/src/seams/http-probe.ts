// Asking an HTTP API whether it answers. A seam: tests and the fault simulation answer in its place.
import { request } from 'node:http';

export interface HttpProbe {
  /** The status that a GET is answered with; redirects are not followed. Rejects when there is no answer. */
  get(url: string, signal: AbortSignal): Promise<number>;
}

export const httpProbe: HttpProbe = {
  get: (url, signal) =>
    new Promise((resolve, reject) => {
      // A connection of its own: an answer over one from before a rollout would prove nothing.
      const call = request(url, { signal, agent: false, headers: { connection: 'close' } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      });
      call.on('error', reject);
      call.end();
    }),
};
