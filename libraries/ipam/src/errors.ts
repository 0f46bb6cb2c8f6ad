/** Why an operation was refused; callers map these to their own status codes. */
export type IpamErrorCode =
  | "invalid" // the request makes no sense: unreadable, outside the prefix, wrong length
  | "not-found" // the prefix, or the address in it, was never handed out
  | "no-namespace"
  | "already-allocated" // somebody has that very address
  | "no-address-left"
  | "no-prefix-left" // no free block is large enough, or the wanted one is taken
  | "overlap" // a new root prefix meets another one
  | "in-use"; // the prefix has addresses or children that forbid this, the namespace prefixes

/** The texts are those of go-ipam where clients show or match them. */
export class IpamError extends Error {
  override readonly name = "IpamError";
  readonly code: IpamErrorCode;

  constructor(code: IpamErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
