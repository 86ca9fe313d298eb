// Seam: how the controller speaks SQL. One adapter (mysql.ts) does it for real; tests give a fake.

export interface SqlLogin {
  host: string;
  port: number;
  username: string;
  password: string;
}

/**
 * `?` stands for a value and `??` for an identifier; both are quoted by the adapter, and nothing that a user wrote is
 * ever part of `sql` itself.
 */
export interface Statement {
  sql: string;
  values: readonly string[];
  /** Those of `values` that must appear in no message. */
  secrets?: readonly string[];
}

export type Row = Readonly<Record<string, unknown>>;

export interface SqlAdmin {
  /** Runs the statements in order over one connection; gives the rows of each. Rejects with a SqlError. */
  run(login: SqlLogin, statements: readonly Statement[], signal: AbortSignal): Promise<readonly (readonly Row[])[]>;
}

/** What went wrong, as far as it decides what to do next. */
export type SqlFailure =
  /** No connection, or it broke: the server may or may not have done what was asked. */
  | 'Unreachable'
  /** User or password is wrong. */
  | 'LoginDenied'
  /** The user may not do that. */
  | 'PermissionDenied'
  | 'Failed';

export class SqlError extends Error {
  override readonly name = 'SqlError';
  readonly failure: SqlFailure;

  /** `message` must hold no secret: it ends up in conditions and logs. */
  constructor(failure: SqlFailure, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.failure = failure;
  }
}
