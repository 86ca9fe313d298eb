export { conditionOf, eventually, expectReady, treasures, writesOf } from './support/facts.js';
