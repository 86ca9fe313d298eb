// What tells one project's controllers from another's: every name that the library writes and that is not Kubernetes' own.

export interface Naming {
  /**
   * DNS name of the project: "example.com". Events come from `<domain>/<name>-controller`, and what is written on objects
   * besides the standard labels begins with it. Default: none; events come from `<name>-controller`.
   */
  domain?: string | undefined;
  /** Value of the label `app.kubernetes.io/managed-by` on what controllers make. Default: the name of the process. */
  managedBy?: string | undefined;
  /**
   * With what the metrics begin whose names are not controller-runtime's or client-go's: "example" gives
   * `example_informer_synced`. Default "controller".
   */
  metricPrefix?: string | undefined;
}
