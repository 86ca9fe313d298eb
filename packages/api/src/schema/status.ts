// The status that all of our kinds have in common. The step engine writes it.
export { statusOf } from '@stackwright/kube';
