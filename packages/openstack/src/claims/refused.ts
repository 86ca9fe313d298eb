import { Reason } from '@stackwright/api';

/** An error of an external step that already is what shall be read. `message` must hold no secret. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly reason: Reason;

  constructor(reason: Reason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** For `explain` of an external step: `reasonOf` knows the errors of the server. */
export function explainBy(reasonOf: (error: unknown) => Reason | undefined): (error: unknown) => {
  reason: string;
  message: string;
} {
  return (error) => {
    const message = error instanceof Error ? error.message : String(error);
    return { reason: error instanceof Refused ? error.reason : (reasonOf(error) ?? Reason.Error), message };
  };
}
