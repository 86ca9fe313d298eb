// What tests of graphs need: a graph, its engine and an API in memory, step by step.
export * from './graph-harness.js';
