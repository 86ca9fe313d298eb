export type { Program, ProgramContext } from './program.js';
export { SimulatedRuntime, type SimulatedRuntimeOptions } from './runtime.js';
export type { Behaviour, ContainerMatch } from './script.js';
