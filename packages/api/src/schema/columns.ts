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

/** Of kinds that do work of their own: beside Ready, which is about what is wanted. */
export const availableColumn: PrinterColumn = {
  name: 'Available',
  type: 'string',
  jsonPath: '.status.conditions[?(@.type=="Available")].status',
};
/** What runs: what is asked for is in the spec, and may have been refused. */
export const releaseColumn: PrinterColumn = { name: 'Release', type: 'string', jsonPath: '.status.release' };
export const endpointColumn: PrinterColumn = { name: 'Endpoint', type: 'string', jsonPath: '.status.endpoint' };
/** Its own column: a paused object goes on saying Ready, and of what was true when it was paused. */
export const pausedColumn: PrinterColumn = { name: 'Paused', type: 'boolean', jsonPath: '.spec.paused' };
export const secretColumn: PrinterColumn = { name: 'Secret', type: 'string', jsonPath: '.status.secretName' };
