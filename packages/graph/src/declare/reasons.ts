// The engine's own reasons. packages/api documents each of them, with its remedy; core cannot import that, since it
// knows no API of ours, and a test there holds the two together.

export const EngineReason = {
  Ready: 'Ready',
  Available: 'Available',
  Done: 'Done',
  Pending: 'Pending',
  WaitingForStep: 'WaitingForStep',
  WaitingForObject: 'WaitingForObject',
  KindMissing: 'KindMissing',
  Paused: 'Paused',
  Deleting: 'Deleting',
  CleanupAbandoned: 'CleanupAbandoned',
  DriftRepaired: 'DriftRepaired',
  JobRunning: 'JobRunning',
  JobFailed: 'JobFailed',
  RolloutInProgress: 'RolloutInProgress',
  NoReadyEndpoint: 'NoReadyEndpoint',
  ImagePullFailed: 'ImagePullFailed',
  ContainerConfigInvalid: 'ContainerConfigInvalid',
  ContainerCrashed: 'ContainerCrashed',
  Unschedulable: 'Unschedulable',
  NodeLost: 'NodeLost',
  Forbidden: 'Forbidden',
  Conflict: 'Conflict',
  Rejected: 'Rejected',
  Error: 'Error',
} as const;
