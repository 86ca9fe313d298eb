import { ApiError } from '@stackwright/kube';

export const apiError = (code: number, reason: string, message = reason, retryAfter?: number): ApiError =>
  new ApiError({ code, reason, message, ...(retryAfter === undefined ? {} : { retryAfter }) });
