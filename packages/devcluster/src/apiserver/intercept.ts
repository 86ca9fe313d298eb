// Code that runs around every request, between authentication and the answer.
import type { ResourceRequest, ResourceResponse } from './request.js';

export interface Interceptor {
  /** May wait, throw an ApiError (429, 500, …) or a ConnectionLost instead of letting the request through. */
  before?(request: ResourceRequest): void | Promise<void>;
  /**
   * May wait, replace the answer (wrap a watch), or throw: the effect has happened, and a ConnectionLost here is an
   * answer that never arrived.
   */
  after?(
    request: ResourceRequest,
    response: ResourceResponse,
  ): ResourceResponse | undefined | Promise<ResourceResponse | undefined>;
}

/** The client sees its connection close without an answer. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
}
