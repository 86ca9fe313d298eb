export { badInputs, badObject, type BadInput } from './support/bad-input.js';
export { conditionOf, configOf, eventually, expectReady, treasures, writesOf } from './support/facts.js';
