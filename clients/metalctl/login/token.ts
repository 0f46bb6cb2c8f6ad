// What can be known of a token without asking anybody.

/** When a token ends, milliseconds since 1970; nothing when it does not say (RFC 7519 section 4.1.4). */
export function expiryOf(token: string | undefined): number | undefined {
  try {
    const { exp } = JSON.parse(Buffer.from(token!.split(".")[1]!, "base64url").toString()) as { exp?: unknown };
    return typeof exp === "number" && Number.isFinite(new Date(exp * 1000).getTime()) ? exp * 1000 : undefined;
  } catch {
    return undefined;
  }
}
