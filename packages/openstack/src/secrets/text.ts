// What a Secret holds under a key as one line of text, as people put it there: `--from-file` and editors add a line break at the end.
import type { Secret } from '@stackwright/kube';

export type Text = { text: string } | { problem: string };

/** The problem of what is missing, as of what is empty. */
const nothing = 'is empty';

/** Characters of a line: enough for the addresses of many servers, and for any password. */
const longest = 16_384;

/** One line, without the line break at its end. `problem` follows the name of the key, and quotes nothing. */
export function lineIn({ data }: Readonly<Secret>, key: string): Text {
  const encoded = data?.[key] ?? '';
  const bytes = Buffer.from(encoded, 'base64');
  const whole = bytes.toString();
  if (!Buffer.from(whole).equals(bytes)) return { problem: 'is not text (UTF-8)' };
  const text = whole.replace(/\r?\n$/, '');
  if (text === '') return { problem: nothing };
  if (/[\n\r]/.test(text)) return { problem: 'has more than one line' };
  if (text.length > longest) return { problem: `has more than ${longest} characters` };
  if (/\p{Cc}|[\u2028\u2029\ufeff]/u.test(text)) return { problem: 'has control characters' };
  return { text };
}

export type Lines<Key extends string> = { values: Record<Key, string> } | { problems: string };

/** The lines under `keys`; or what is wrong with which of them, as it follows the Secret's name. */
export function linesIn<Key extends string>(secret: Readonly<Secret>, keys: readonly Key[]): Lines<Key> {
  const values: Partial<Record<Key, string>> = {};
  const missing: string[] = [];
  const wrong: string[] = [];
  for (const key of keys) {
    const line = lineIn(secret, key);
    if ('text' in line) values[key] = line.text;
    else if (line.problem === nothing) missing.push(key);
    else wrong.push(`"${key}" ${line.problem}`);
  }
  if (missing.length === 0 && wrong.length === 0) return { values: values as Record<Key, string> };
  const lacks = missing.length > 0 ? [`lacks ${missing.join(', ')}`] : [];
  return { problems: [...lacks, ...(wrong.length > 0 ? [`cannot be used: ${wrong.join(', ')}`] : [])].join('; ') };
}

/**
 * A password that is handed to programs. Each reads it from another place: a URL, an option of oslo.config, an option file, SQL,
 * a definition of the broker. What one of them would read as something else is a problem.
 */
export function passwordIn(secret: Readonly<Secret>, key: string): Text {
  const line = lineIn(secret, key);
  if ('problem' in line) return line;
  // PyMySQL encodes it as Latin-1, where the server has UTF-8.
  if (/\P{ASCII}/u.test(line.text))
    return { problem: 'has characters that are not ASCII, which clients encode differently' };
  return problemForOslo(line.text) ?? line;
}

/** oslo.config takes a backslash before a dollar sign away, and knows no other way to write the two. */
export function problemForOslo(text: string): { problem: string } | undefined {
  return text.includes('\\$')
    ? { problem: 'has a backslash before a dollar sign, which oslo.config cannot read' }
    : undefined;
}
