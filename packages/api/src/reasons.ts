// Every reason that a condition or an event of ours can have, with what it means and what helps. The CLI, alert labels
// and the documentation's anchors use the same names; they are part of the API: none is renamed or given a new meaning.

export interface ReasonDoc {
  /** Done: all is well. Waiting: nothing is wrong, something else has to happen first. Failed: somebody should look. */
  state: 'Done' | 'Waiting' | 'Failed';
  /** What is the case. */
  meaning: string;
  /** What to do about it; absent where nothing needs doing. */
  remedy?: string;
}

export const reasons = {
  // All is well.
  Ready: { state: 'Done', meaning: 'Everything that was asked for is there and works.' },
  Done: { state: 'Done', meaning: 'The step is done.' },
  Available: { state: 'Done', meaning: 'It does its work now, whatever is wrong with what is wanted next.' },
  StepReady: { state: 'Done', meaning: 'A step has become done (event of earlier versions).' },
  DeprecatedConfig: {
    state: 'Done',
    meaning: 'The configuration override works, and has options that another release will not know.',
    remedy: 'Use the names that the message says, before the release is changed.',
  },
  HousekeepingFailed: {
    state: 'Done',
    meaning: 'A task that runs on a schedule, a purge for instance, has failed. The service works all the same.',
    remedy: 'The message has the last lines of its log. It runs again when it is due.',
  },
  CertificateExpiring: {
    state: 'Done',
    meaning: 'The certificate of an API ends soon. The service works until then.',
    remedy: 'Renew it: put the new pair into the Secret. Where cert-manager does that, look at its Certificate.',
  },
  ConnectionsScarce: {
    state: 'Done',
    meaning: 'The services may open more connections than the database server takes at once. It works until they do.',
    remedy: 'Give the MariaDB more memory, by which it takes more. Or say how many in `spec.config.max_connections`.',
  },
  VolumeLarger: {
    state: 'Done',
    meaning: 'A volume is larger than the spec says. Volumes cannot shrink, and it is used as it is.',
    remedy: 'Say in the spec the size that the message names.',
  },
  DriftRepaired: { state: 'Done', meaning: 'Something had been changed behind our back and was set right (event).' },
  MadeAgain: {
    state: 'Done',
    meaning:
      'Something outside Kubernetes that had been there (a virtual host, a user) was gone, and was made again, without what it held (event).',
    remedy: 'Find out who removed it. Messages that waited in it are lost.',
  },
  KeysRotated: { state: 'Done', meaning: 'A staged key has become the primary one (event).' },
  KeysReplaced: {
    state: 'Done',
    meaning: 'Somebody put other keys into the Secret, from a backup perhaps; they are used as they are (event).',
  },

  // Something else has to happen first.
  Pending: { state: 'Waiting', meaning: 'An object was just created or changed and has not been seen to work yet.' },
  WaitingForStep: {
    state: 'Waiting',
    meaning: 'A step before this one is not done.',
    remedy: 'Look at the step that the message names.',
  },
  WaitingForClaim: {
    state: 'Waiting',
    meaning: 'A claim (for a database, a cache, an identity) is not fulfilled yet.',
    remedy: "Look at the claim's own condition; `stackwright why` does it for you.",
  },
  WaitingForProvider: {
    state: 'Waiting',
    meaning: 'What shall fulfil a claim is not ready.',
    remedy: "Look at the provider's own condition.",
  },
  WaitingForService: {
    state: 'Waiting',
    meaning: 'A service that this one needs is not ready.',
    remedy: "Look at that service's own condition.",
  },
  WaitingForObject: {
    state: 'Waiting',
    meaning: 'An object that is only referred to does not exist.',
    remedy: 'Create it, or correct the reference. Work goes on by itself when it appears.',
  },
  JobRunning: { state: 'Waiting', meaning: 'A Job (a database migration, a bootstrap) is running.' },
  RolloutInProgress: { state: 'Waiting', meaning: 'Pods of the wanted version are starting or old ones are stopping.' },
  NoReadyEndpoint: {
    state: 'Waiting',
    meaning: 'A Service has no ready Pod behind it.',
    remedy: "Look at the Pods' readiness probes and logs.",
  },
  Paused: {
    state: 'Waiting',
    meaning:
      'An object is paused and has not been reconciled since; one that is being deleted is not undone meanwhile.',
    remedy:
      'Take `spec.paused` away, or the annotation stackwright.dev/paused. To let one that is being deleted go as it is, set the annotation stackwright.dev/abandon-cleanup to "true".',
  },
  Deleting: {
    state: 'Waiting',
    meaning: 'The object is being deleted and what was made outside Kubernetes is being undone.',
  },

  CleanupAbandoned: {
    state: 'Failed',
    meaning: 'The object was let go although what it had made outside Kubernetes could not be undone.',
    remedy: 'Undo by hand what the message names.',
  },

  // Pods and Jobs that do not do what they should.
  ImagePullFailed: {
    state: 'Failed',
    meaning: 'A container image cannot be fetched.',
    remedy: 'Correct the image, or make it available to the node. The kubelet tries again by itself.',
  },
  ContainerConfigInvalid: {
    state: 'Failed',
    meaning: 'A container cannot be created: mostly a Secret, ConfigMap or key that does not exist.',
    remedy: 'Create what the message names.',
  },
  ContainerCrashed: {
    state: 'Failed',
    meaning: 'A container ended although it should run, or never becomes ready.',
    remedy: 'The message has the last lines of its log; `kubectl logs --previous` has more.',
  },
  Unschedulable: {
    state: 'Failed',
    meaning: 'No node can take the Pod.',
    remedy: 'See the message: resources, taints or volumes.',
  },
  NodeLost: {
    state: 'Done',
    meaning: 'What runs on each node runs, but for nodes that do not answer.',
    remedy: 'Nothing of the service is at fault: mend the node, or take it out of the cluster (`kubectl delete node`).',
  },
  JobFailed: {
    state: 'Failed',
    meaning: 'A Job failed. It is tried again with a growing delay, and at once when its inputs change.',
    remedy: 'The message has the last lines of its log.',
  },

  // Outside Kubernetes.
  ApiUnreachable: {
    state: 'Failed',
    meaning: "The service's API does not answer as it should.",
    remedy: "Look at the API Pods' logs.",
  },
  ServerUnreachable: {
    state: 'Failed',
    meaning: 'A server (a database, say) cannot be reached.',
    remedy: 'Check address, network and whether it runs. It is tried again by itself.',
  },
  AccessDenied: {
    state: 'Failed',
    meaning: 'A server refuses our credentials, or they may not do what is needed.',
    remedy: 'Correct the Secret that holds them, or grant what the message names.',
  },
  DatabaseFailed: {
    state: 'Failed',
    meaning: 'The database server answered with an error.',
    remedy: 'See the message.',
  },
  IdentityFailed: {
    state: 'Failed',
    meaning: 'Keystone answered with an error.',
    remedy: 'See the message.',
  },
  DatabaseTaken: {
    state: 'Failed',
    meaning: 'Another claim, or somebody else, already has a database of that name on the server.',
    remedy: 'Choose another name, or hand the database over as the message says.',
  },
  DatabaseLost: {
    state: 'Failed',
    meaning:
      'The database that a claim once had is not on the server: its volume was lost, or the server is another one. Nothing is made in its place.',
    remedy:
      'Restore it from a backup, which carries its id. To go on with another one, or an empty one, set the annotation that the message says.',
  },
  DataNotMoved: {
    state: 'Failed',
    meaning:
      'Another server was named for one that claims stand on, and it does not hold what they have. The one before serves on.',
    remedy: 'Move what the message names to the new server, or take the change back.',
  },
  BrokerFailed: {
    state: 'Failed',
    meaning: 'The message broker answered with an error, or has raised an alarm and takes no messages.',
    remedy: 'See the message; for an alarm give it memory or disk, or let its queues be read.',
  },
  VhostTaken: {
    state: 'Failed',
    meaning: 'Another claim, or somebody else, already has a virtual host of that name on the broker.',
    remedy: 'Choose another name, or hand the virtual host over as the message says.',
  },
  VhostLost: {
    state: 'Failed',
    meaning:
      'In the place of the virtual host that a claim once had there is another one, which somebody else has made. It is not taken.',
    remedy:
      'Bring the virtual host back by its definitions, which carry its id, or delete the one that is there. To go on with that, set the ' +
      'annotation that the message says.',
  },
  UserTaken: {
    state: 'Failed',
    meaning: 'A user of that name exists on the server and is not ours.',
    remedy: 'Choose another name, or drop the user if nobody needs it.',
  },

  ServiceTaken: {
    state: 'Failed',
    meaning: 'Another claim, or somebody else, already has a service of that type in the catalog.',
    remedy: 'Remove the other one, or hand it over as the message says.',
  },

  // What was asked for cannot be done as it is written.
  InvalidSpec: {
    state: 'Failed',
    meaning: 'The spec asks for something that is not possible.',
    remedy: 'Correct the field that the message names.',
  },
  InvalidConfig: {
    state: 'Failed',
    meaning: 'The configuration override is not acceptable.',
    remedy: 'Correct the option that the message names.',
  },
  UnsupportedRelease: {
    state: 'Failed',
    meaning: 'The service does not know the release.',
    remedy: 'Choose one that the message lists.',
  },
  SecretNotOffered: {
    state: 'Failed',
    meaning:
      'A Secret is referred to, or stands where a generated one would, that somebody else made and that does not carry the label which lets this service use it.',
    remedy: 'Label the Secret as the message says, if that is what you want.',
  },
  SecretIncomplete: {
    state: 'Failed',
    meaning: 'A Secret lacks a key, or a key is empty or malformed.',
    remedy: 'Add what the message names.',
  },
  PasswordLost: {
    state: 'Failed',
    meaning:
      'A Secret with a password or keys that are in use was deleted. No new ones are made: what runs works with the old ones.',
    remedy: 'Put the Secret back as the message says. For new ones, set the annotation that it says.',
  },
  ReleaseChangeNotSupported: {
    state: 'Failed',
    meaning:
      "Another release is asked for than the one that the service's schema was made for. The service runs on with that one.",
    remedy: 'Set spec.release back. Changes of a release are not supported yet, neither upwards nor downwards.',
  },
  UnknownService: {
    state: 'Failed',
    meaning: 'The ControlPlane names a service for which the cluster has no kind.',
    remedy: "Correct the name, or install that service's controller and CRDs.",
  },
  DependencyMissing: {
    state: 'Failed',
    meaning: 'A service of the ControlPlane needs something that none of its services provides.',
    remedy: 'Name in the ControlPlane what the message names; with `managed: false` if its team looks after it.',
  },
  ServiceDropped: {
    state: 'Failed',
    meaning:
      'The ControlPlane no longer names a service that was made for it. The service runs on as it is; nothing is deleted.',
    remedy:
      'Name it again; or hand it over to its team by naming it with `managed: false`; or list it in `spec.removeServices` to have its object deleted.',
  },
  ServiceMissing: {
    state: 'Failed',
    meaning: 'A service that its team owns (managed: false) does not exist.',
    remedy: 'Its team creates it, or the ControlPlane leaves `managed` out.',
  },

  // The API server.
  KindMissing: {
    state: 'Failed',
    meaning: 'The cluster does not know a kind of which an object is needed.',
    remedy: 'Install what brings the kind (its CRDs), or take away what asks for it. It is noticed by itself.',
  },
  Forbidden: {
    state: 'Failed',
    meaning: "The controller's Role does not allow what it needs.",
    remedy: 'Apply the manifests of its version.',
  },
  Conflict: {
    state: 'Failed',
    meaning: 'An object of that name exists and belongs to somebody else.',
    remedy: 'Rename or remove the other one.',
  },
  Rejected: {
    state: 'Failed',
    meaning: 'The API server or an admission webhook refused an object.',
    remedy: 'See the message.',
  },
  Error: {
    state: 'Failed',
    meaning: 'Something failed that has no reason of its own. It is tried again by itself.',
    remedy: 'See the message.',
  },
} as const satisfies Record<string, ReasonDoc>;

export type Reason = keyof typeof reasons;

/** `Reason.JobFailed`: the names, for code. */
export const Reason = Object.freeze(Object.fromEntries(Object.keys(reasons).map((name) => [name, name]))) as {
  readonly [Name in Reason]: Name;
};

/** The state that a reason stands for; a reason of a newer version than ours counts as waiting. */
export function stateOfReason(reason: string): ReasonDoc['state'] {
  return Object.hasOwn(reasons, reason) ? reasons[reason as Reason].state : 'Waiting';
}
