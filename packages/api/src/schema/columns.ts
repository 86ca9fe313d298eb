import type { PrinterColumn } from '@stackwright/kube';

/** The columns of `kubectl get` that all of our kinds share, with a kind's own between them. */
export function printerColumns(...own: PrinterColumn[]): PrinterColumn[] {
  return [
    { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: 'Reason', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].reason' },
    ...own,
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    { name: 'Message', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].message', priority: 1 },
  ];
}

export const releaseColumn: PrinterColumn = { name: 'Release', type: 'string', jsonPath: '.spec.release' };
export const endpointColumn: PrinterColumn = { name: 'Endpoint', type: 'string', jsonPath: '.status.endpoint' };
export const secretColumn: PrinterColumn = { name: 'Secret', type: 'string', jsonPath: '.status.secretName' };
