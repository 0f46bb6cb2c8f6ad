// What must not reach the audit trail. Pure.

/** Names of fields whose value is nobody's business, in any spelling. */
const SECRET = /passw|secret|token|credential|auth_?key|private_?key|hmac|user_?data/i;
const REDACTED = "<redacted>";

/** The same document with the values of secret fields replaced, however deep they are. */
export function redacted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(redacted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, SECRET.test(name) ? REDACTED : redacted(member)]),
  );
}
