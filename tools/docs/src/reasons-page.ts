import { reasons, type ReasonDoc } from '@stackwright/api';
import { generated } from './markdown.js';

interface Section {
  title: string;
  text: string;
  has: (doc: ReasonDoc) => boolean;
}

const sections: readonly Section[] = [
  {
    title: 'Something is wrong',
    text: 'Somebody should look. What can heal by itself is tried again by itself, and at once when what it needs has changed.',
    has: ({ state }) => state === 'Failed',
  },
  {
    title: 'Something else has to happen first',
    text: 'Nothing is wrong with the object itself.',
    has: ({ state }) => state === 'Waiting',
  },
  {
    title: 'It works, and there is a warning',
    text: 'The condition is True, and its message says what somebody should see to.',
    has: ({ state, remedy }) => state === 'Done' && remedy !== undefined,
  },
  {
    title: 'All is well',
    text: 'Nothing needs doing.',
    has: ({ state, remedy }) => state === 'Done' && remedy === undefined,
  },
];

/** One section per reason, so that each has an anchor to link to. */
export function reasonsPage(): string {
  const entries: [string, ReasonDoc][] = Object.entries(reasons);
  return [
    '# Reasons',
    generated,
    'The `reason` of a condition or an event of ours, of every kind. Programs may rely on them. `stackwright why` finds the one at the root; ' +
      'that may be a reason of Kubernetes itself (CrashLoopBackOff, FailedMount), of which `why` says what helps.',
    ...sections.flatMap(({ title, text, has }) => [
      `## ${title}`,
      text,
      ...entries
        .filter(([, doc]) => has(doc))
        .flatMap(([name, { meaning, remedy }]) => [
          `### ${name}`,
          meaning,
          ...(remedy === undefined ? [] : [`**What helps:** ${remedy}`]),
        ]),
    ]),
  ].join('\n\n');
}
