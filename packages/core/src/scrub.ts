// What people read (logs, conditions, events) must not carry credentials: errors of drivers and logs of failed Jobs
// like to quote URLs and settings.

const inUrls = /([a-z][a-z0-9+.-]*:\/\/)([^\s/@'"]*:[^\s@'"]*|[^\s/:@'"]+)@/gi;
const assignments =
  /\b((?:[\w.-]*[_-])?(?:password|passwd|secret|token))(["']?\s*[=:]\s*)(?!\s|YES\b|NO\b)("[^"]*"|'[^']*'|[^\s,;'"]+)/gi;
const authorization = /\b(bearer|basic)(\s+)[a-z0-9._~+/-]{8,}=*/gi;

/** Replaces credentials in URLs, values that are assigned to passwords, secrets and tokens, and Authorization values. */
export function scrub(message: string): string {
  return message.replace(inUrls, '$1***@').replace(assignments, '$1$2***').replace(authorization, '$1$2***');
}
