// What people read must not carry credentials: errors of drivers and logs of failed Jobs like to quote URLs.

const inUrls = /([a-z][a-z0-9+.-]*:\/\/)([^\s/@'"]*:[^\s@'"]*|[^\s/:@'"]+)@/gi;
const assignments =
  /\b((?:[\w.-]*[_-])?(?:password|passwd|secret|token))(["']?\s*[=:]\s*)(?!\s|YES\b|NO\b)("[^"]*"|'[^']*'|[^\s,;'"]+)/gi;

/** Replaces credentials in URLs, and values that are assigned to passwords, secrets and tokens. */
export function scrub(message: string): string {
  return message.replace(inUrls, '$1***@').replace(assignments, '$1$2***');
}
