// The cluster under test. `session.ts` finds out about it, `support/target.ts` has it for the tests.

/** What not every cluster offers, and some tests need. */
export type Need =
  /** Namespaces, CRDs and cluster-wide RBAC may be created. */
  | 'rights'
  /** The controllers of kube-controller-manager run: garbage, namespaces, workloads. */
  | 'controllers'
  /** A node takes Pods, and the image of the tests runs there. */
  | 'node'
  /** Containers of that node are real ones, in which commands can be run. */
  | 'containers'
  /** `kubectl` is on the PATH. */
  | 'kubectl';

export interface Target {
  server: string;
  /** "v1.32.4". */
  version: string;
  /** The 32 of it. */
  minor: number;
  /** About others, the tests of the devcluster's differences say nothing. */
  devcluster: boolean;
  /** In every name that this run gives to what is not in a namespace of its own, and in a label of it. */
  run: string;
  /** Milliseconds that a test waits for what the cluster does in its own time. */
  patience: number;
  /** Why a need is not met; what is not in here is met. */
  missing: Partial<Record<Need, string>>;
  /** What the containers of the tests are, and the command that makes them serve HTTP on port 8080. */
  image: { name: string; serve: readonly string[] };
}

/** Carried by everything outside of namespaces, so that the end of the run finds it. */
export const RUN_LABEL = 'conformance.stackwright.dev/run';
