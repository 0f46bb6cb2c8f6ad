// Errors as a person reads them: what happened, details, what to do next.

export interface Telling {
  /** Lines that explain what happened. */
  readonly details?: string | undefined;
  /** What the reader can do now. */
  readonly next?: string | undefined;
  readonly cause?: unknown;
}

/** Something that metalctl will not or cannot do, and why. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly details: string | undefined;
  readonly next: string | undefined;

  constructor(what: string, { details, next, cause }: Telling = {}) {
    super(what, { cause });
    this.details = details;
    this.next = next;
  }
}

/** The text for standard error. */
export function tell(what: string, { details, next }: Telling): string {
  return [`Error: ${what}`, details, next && `Next: ${next}`].filter(Boolean).join(details ? "\n\n" : "\n");
}
