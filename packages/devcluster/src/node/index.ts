export { NodeAgent, type NodeAgentOptions } from './agent.js';
export type { LogRequest } from './logs.js';
export type { ClusterDns } from './node-context.js';
export * from './runtime.js';
export { defaultSettings, type AgentSettings } from './settings.js';
