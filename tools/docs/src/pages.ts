import { commandsPage } from './commands-page.js';
import { conditionsPage } from './conditions-page.js';
import { kindsPage } from './kinds-page.js';
import { metricsPage } from './metrics-page.js';
import { reasonsPage } from './reasons-page.js';
import { rightsPage } from './rights-page.js';

/** The generated pages, by their path in the repository. */
export const pages: Readonly<Record<string, () => string | Promise<string>>> = {
  'docs/reference/kinds.md': kindsPage,
  'docs/reference/reasons.md': reasonsPage,
  'docs/reference/conditions.md': conditionsPage,
  'docs/reference/metrics.md': metricsPage,
  'docs/reference/rights.md': rightsPage,
  'docs/reference/cli.md': commandsPage,
};

/** As it is on disk. */
export const render = async (page: () => string | Promise<string>): Promise<string> => `${(await page()).trimEnd()}\n`;
