import { reasons, type ReasonDoc } from '@stackwright/api';
import { generated } from './markdown.js';

const states: Record<ReasonDoc['state'], { title: string; text: string }> = {
  Failed: {
    title: 'Something is wrong',
    text: 'Somebody should look. What can heal by itself is tried again by itself, and at once when what it needs has changed.',
  },
  Waiting: { title: 'Something else has to happen first', text: 'Nothing is wrong with the object itself.' },
  Done: { title: 'All is well', text: 'Nothing needs doing.' },
};

/** One section per reason, so that each has an anchor to link to. */
export function reasonsPage(): string {
  const entries: [string, ReasonDoc][] = Object.entries(reasons);
  return [
    '# Reasons',
    generated,
    'The `reason` of a condition or an event, of every kind. Programs may rely on them. `stackwright why` finds the one at the root.',
    ...Object.entries(states).flatMap(([state, { title, text }]) => [
      `## ${title}`,
      text,
      ...entries
        .filter(([, doc]) => doc.state === state)
        .flatMap(([name, { meaning, remedy }]) => [
          `### ${name}`,
          meaning,
          ...(remedy === undefined ? [] : [`**What helps:** ${remedy}`]),
        ]),
    ]),
  ].join('\n\n');
}
