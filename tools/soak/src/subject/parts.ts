// What a widget's children look like; the auditor expects the same.
import type { Widget } from './kinds.js';

export interface Part {
  metadata: { name: string; labels: Record<string, string> };
  data: { revision: string };
}

export const WIDGET_LABEL = 'soak.stackwright.dev/widget';

/** Names of widgets are unique across kinds, so those of their parts are too. */
export function partsOf(name: string, { revision, parts }: Widget['spec']): Part[] {
  const names = [name, ...Array.from({ length: parts }, (_, index) => `${name}-${index}`)];
  return names.map((part) => ({
    metadata: { name: part, labels: { [WIDGET_LABEL]: name } },
    data: { revision: String(revision) },
  }));
}
