// What looks like a credential, whether or not anybody knows it: in URLs, in assignments, in headers, on command lines, in SQL.
// Every expression begins where a word begins and is bounded, so that a long text costs no more than its length.

/** What stands before "=" or ":" and is followed by a secret. */
const secretName = [
  '[\\w.-]*(?:password|passwd|passphrase|pwd)',
  '(?:[\\w.-]*[_.-])?(?:secret|token|credentials?)',
  '[\\w.-]*(?:client|shared|app|consumer)[_-]?secret',
  '[\\w.-]*(?:auth|access|bearer|api|session|refresh|subject|id)[_-]?token',
  '[\\w.-]*(?:api|auth|secret|access|private|encryption|signing|account)[_-]?key',
].join('|');

/** Quoted, or up to the next space; what a driver says instead of a password is none. */
const value = `(?!YES\\b|NO\\b)("(?:\\\\[^]|[^"\\\\])*"|'(?:\\\\[^]|''|[^'\\\\])*'|[^\\s"']\\S*|["']\\S+)`;

const start = '(?<![\\w.-])';

/** Up to the last "@" before a space: passwords in settings are often written as they are, with "/", "@" and quotes in them. */
const inUrls =
  /(?<![a-z0-9+.-])([a-z][a-z0-9+.-]{0,30}:\/\/)(?:[^\s:/@]{0,256}:(?!\d{1,5}(?:[/?#]|$))(?:(?!["'][,}\]:;)])\S){0,1024}|[^\s/:@'"]{1,512})@/gim;
const assignments = new RegExp(`${start}(${secretName})(["']?\\s*(?:=>|:=|=|:)\\s*)(?!\\s)${value}`, 'gi');
const options = new RegExp(`${start}(--?(?:${secretName}))(\\s+)(?!-)${value}`, 'gi');
/** mysql -uroot -phunter2 */
const mysqlOption = /(?<![\w.-])((?:mysql|mariadb)[\w-]*\s(?:[^\n]{0,512}\s)?-p)(\S+)/g;
const inSql =
  /\b(identified\s+(?:by|via\s+\S+\s+(?:using|as|by)|with\s+\S+\s+(?:by|as|using))\s+(?:password\s*)?(?:\(\s*)?|password\s*\(\s*)('(?:\\[^]|''|[^'\\])*'?|"(?:\\[^]|""|[^"\\])*"?)/gi;
/** The server quotes what follows the place where it stopped to understand: that may be the middle of a password. */
const sqlRemainder = /(syntax to use near )('[^]{0,1024}?'(?= at line)|'[^]{0,1024})/gi;
const inProse = /\b(password|passphrase)(\s+(?:is|was|of)\s+)("[^"]*"|'[^']*'|(?=\S*\d)\S+)/gi;
const authorization = /\b(bearer|basic)(\s+)[a-z0-9._~+/-]{8,}=*/gi;
const webToken = /(?<![\w-])eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*/g;
const privateKey = /-----BEGIN ([A-Z ]{0,40}PRIVATE KEY)-----[^]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$)/g;
/** "-----BEGIN " as a Secret holds it; longer keys are not known by their value. */
const encodedPem = /LS0tLS1CRUdJTi[A-Za-z0-9+/_-]*={0,2}/g;

/** What a text, a file of settings for instance, assigns to names of secrets. */
export function assignedSecrets(text: string): string[] {
  return [...text.matchAll(assignments)].map(([, , , given = '']) => given.replace(/^(["'])([^]*)\1$/, '$2'));
}

/** A name, a path or a number, of which logs are full: of the expressions above only two can find anything in one. */
const word = /^[\w./-]*$/;

/** The text without what looks like a credential. */
export function scrubPatterns(text: string): string {
  if (word.test(text)) return text.replace(encodedPem, '***').replace(webToken, '***');
  return text
    .replace(encodedPem, '***')
    .replace(privateKey, '-----BEGIN $1----- ***')
    .replace(inUrls, '$1***@')
    .replace(inSql, '$1***')
    .replace(sqlRemainder, "$1'***'")
    .replace(assignments, '$1$2***')
    .replace(options, '$1$2***')
    .replace(mysqlOption, '$1***')
    .replace(inProse, '$1$2***')
    .replace(authorization, '$1$2***')
    .replace(webToken, '***');
}
