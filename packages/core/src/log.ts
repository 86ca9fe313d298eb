// Structured logs. JSON, one line each; messages in Kubernetes style: capital letter, past tense, no period.

export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: object): Logger;
}
