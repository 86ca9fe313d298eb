import { commandsPage } from './commands-page.js';
import { kindsPage } from './kinds-page.js';
import { reasonsPage } from './reasons-page.js';

/** The generated pages, by their path in the repository. */
export const pages: Readonly<Record<string, () => string>> = {
  'docs/reference/kinds.md': kindsPage,
  'docs/reference/reasons.md': reasonsPage,
  'docs/reference/cli.md': commandsPage,
};

/** As it is on disk. */
export const render = (page: () => string): string => `${page().trimEnd()}\n`;
