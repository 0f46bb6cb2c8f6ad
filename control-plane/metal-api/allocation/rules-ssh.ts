// Public keys in the form of an authorized_keys line: "[options] type base64 [comment]" (sshd(8), RFC 4253 §6.6). Pure.

const KEY_TYPES: readonly string[] = [
  "ssh-ed25519",
  "ssh-rsa",
  "ssh-dss",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "sk-ssh-ed25519@openssh.com",
  "sk-ecdsa-sha2-nistp256@openssh.com",
];
/** Of the same kinds, signed by an authority (PROTOCOL.certkeys of OpenSSH). */
const CERTIFICATE_TYPES = KEY_TYPES.map((type) => `${type.replace("@openssh.com", "")}-cert-v01@openssh.com`);
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
/** An RSA key of 16384 bits has about 2800 characters. */
const MAX_LENGTH = 16_384;

/** What is wrong with a public key; undefined when nothing is. */
export function sshKeyProblem(line: string): string | undefined {
  if (line.length > MAX_LENGTH) return `longer than ${MAX_LENGTH} characters`;
  const words = line.trim().split(/\s+/);
  const at = words.findIndex((word) => KEY_TYPES.includes(word) || CERTIFICATE_TYPES.includes(word));
  if (at < 0) return "no key found";
  const blob = words[at + 1] ?? "";
  if (!BASE64.test(blob)) return "the key is not base64";
  const bytes = Buffer.from(blob, "base64");
  // The blob begins with its own type, as a string with a length of four bytes (RFC 4251 §5).
  const length = bytes.length >= 4 ? bytes.readUInt32BE(0) : 0;
  if (bytes.subarray(4, 4 + length).toString("latin1") !== words[at]) return "the key is of another type than it says";
  if (bytes.length <= 4 + length) return "the key is cut off";
  return undefined;
}
