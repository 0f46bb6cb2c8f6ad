/** DHCP option numbers, by the names of the IANA registry "BOOTP Vendor Extensions and DHCP Options". */
export const Option = {
  SUBNET_MASK: 1,
  ROUTER: 3,
  DOMAIN_NAME_SERVER: 6,
  HOST_NAME: 12,
  BROADCAST_ADDRESS: 28,
  VENDOR_SPECIFIC: 43,
  REQUESTED_ADDRESS: 50,
  LEASE_TIME: 51,
  OVERLOAD: 52,
  MESSAGE_TYPE: 53,
  SERVER_IDENTIFIER: 54,
  PARAMETER_REQUEST_LIST: 55,
  MESSAGE: 56,
  MAX_MESSAGE_SIZE: 57,
  RENEWAL_TIME: 58,
  REBINDING_TIME: 59,
  VENDOR_CLASS: 60,
  CLIENT_IDENTIFIER: 61,
  TFTP_SERVER_NAME: 66,
  BOOT_FILE_NAME: 67,
  /** RFC 3004; iPXE puts plain text here instead of the RFC's list. */
  USER_CLASS: 77,
  RELAY_AGENT: 82,
  /** RFC 4578 §2.1 */
  CLIENT_ARCHITECTURE: 93,
  /** RFC 4578 §2.2 */
  CLIENT_NETWORK_INTERFACE: 94,
  /** RFC 4578 §2.3 */
  CLIENT_GUID: 97,
  /** Never registered for it, but what Etherboot, gPXE and iPXE use. */
  IPXE: 175,
} as const;

/** RFC 2132 §9.6 */
export const MessageType = {
  DISCOVER: 1,
  OFFER: 2,
  REQUEST: 3,
  DECLINE: 4,
  ACK: 5,
  NAK: 6,
  RELEASE: 7,
  INFORM: 8,
} as const;

/** The letters of a message type for logs and tests; "?9" for one that RFC 2132 does not know. */
export function messageTypeName(type: number | undefined): string {
  return Object.entries(MessageType).find(([, value]) => value === type)?.[0] ?? `?${type}`;
}

/** Processor architectures of network boot clients (RFC 4578 §2.1 and the IANA registry that follows it). */
export const Architecture = {
  BIOS: 0,
  EFI_IA32: 6,
  /** Called "EFI BC" in the RFC, but it is what x86-64 UEFI firmware sends (erratum 4625). */
  EFI_X64: 7,
  /** What the RFC calls x86-64; the erratum swaps it with 7. Some firmware sends it. */
  EFI_X64_BY_RFC: 9,
  EFI_ARM64: 11,
  EFI_X64_HTTP: 16,
  EFI_ARM64_HTTP: 19,
} as const;
