import { isQuantity, parseQuantity } from '@stackwright/kube';

/** The number that a quantity stands for; NaN for what is none. */
export const quantity = (text: string | number | undefined): number =>
  isQuantity(text) ? parseQuantity(text) : Number.NaN;
