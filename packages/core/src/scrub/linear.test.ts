// What everybody may write (a Secret, an error that quotes it) is looked through by the loop that works for all: a long text
// costs what its length is, and not the square of it. Processor time, which other processes do not add to; the square would be
// several times the bound.
import { describe, expect, it } from 'vitest';
import { scrubPatterns } from './patterns.js';
import { secretValuesOf } from './secret-values.js';

const length = 40_000;
/** Milliseconds. */
const bound = 2_000;

const words = [
  '1',
  'a',
  'A',
  '.',
  '-',
  ' ',
  '\n',
  '=',
  '"',
  "'",
  '\\',
  ':',
  '/',
  '@',
  'a.',
  'a1',
  '1.',
  'a://',
  'x:y@',
];
const phrases = [
  'password=',
  "password='",
  'password="',
  'password is ',
  '--password ',
  'bearer ',
  'mysql -p',
  'eyJa.',
];
const heads = ['', 'identified by', 'identified with x by', "syntax to use near '", '-----BEGIN PRIVATE KEY-----'];

function timeOf(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

describe('a long text', () => {
  it.each(heads)('after "%s" is scrubbed in a time that its length is worth', (head) => {
    for (const word of [...words, ...phrases]) {
      const text = `${head}${word.repeat(length / word.length)}!`;
      expect(
        timeOf(() => scrubPatterns(text)),
        word,
      ).toBeLessThan(bound);
    }
  });

  it('in a Secret is looked through in such a time, too', () => {
    for (const word of [...words, ...phrases]) {
      const text = word.repeat(length / word.length);
      const look = () => secretValuesOf({ stringData: { url: text, password: `a://${text}`, host: `${text}!` } });
      expect(timeOf(look), word).toBeLessThan(bound);
    }
  });
});

it('a password in a URL is found where a scheme begins, and whatever stands before it', () => {
  const url = 'mysql://user:s3cr3t-p4ss@db';
  for (const text of [url, `url=${url}`, `"${url}"`, `(${url}`]) {
    expect(secretValuesOf({ stringData: { connection: text } })).toContain('s3cr3t-p4ss');
  }
});
