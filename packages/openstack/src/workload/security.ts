export { restrictedContainer, restrictedPod } from '@stackwright/core';
