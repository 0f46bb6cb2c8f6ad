// Completion codes of IPMI v2.0 table 5-2, and the RMCP+ status codes of table 13-15.

export const CompletionCode = {
  OK: 0x00,
  NODE_BUSY: 0xc0,
  INVALID_COMMAND: 0xc1,
  INVALID_FOR_LUN: 0xc2,
  TIMEOUT: 0xc3,
  OUT_OF_SPACE: 0xc4,
  RESERVATION_CANCELLED: 0xc5,
  DATA_TRUNCATED: 0xc6,
  DATA_LENGTH_INVALID: 0xc7,
  DATA_LENGTH_EXCEEDED: 0xc8,
  PARAMETER_OUT_OF_RANGE: 0xc9,
  CANNOT_RETURN_BYTES: 0xca,
  NOT_PRESENT: 0xcb,
  INVALID_DATA_FIELD: 0xcc,
  ILLEGAL_FOR_SENSOR: 0xcd,
  NO_RESPONSE: 0xce,
  DUPLICATE_REQUEST: 0xcf,
  SDR_UPDATE: 0xd0,
  FIRMWARE_UPDATE: 0xd1,
  INITIALISING: 0xd2,
  DESTINATION_UNAVAILABLE: 0xd3,
  INSUFFICIENT_PRIVILEGE: 0xd4,
  NOT_IN_PRESENT_STATE: 0xd5,
  SUBFUNCTION_DISABLED: 0xd6,
  UNSPECIFIED: 0xff,
  /** Get/Set boot options, LAN and SOL parameters: the parameter is not supported (§28.12, §23.1, §26.2). */
  PARAMETER_NOT_SUPPORTED: 0x80,
  /** Set User Password, operation "test" (§22.30). */
  PASSWORD_MISMATCH: 0x80,
  PASSWORD_WRONG_SIZE: 0x81,
  /** Activate Payload (§24.1). */
  PAYLOAD_ALREADY_ACTIVE: 0x80,
  PAYLOAD_DISABLED: 0x81,
  /** Set Session Privilege Level (§22.18). */
  PRIVILEGE_NOT_AVAILABLE: 0x81,
  /** Close Session (§22.19). */
  INVALID_SESSION_ID: 0x87,
} as const;

const COMPLETION_TEXT: Readonly<Record<number, string>> = {
  [CompletionCode.NODE_BUSY]: "the BMC is busy",
  [CompletionCode.INVALID_COMMAND]: "unknown command",
  [CompletionCode.INVALID_FOR_LUN]: "command invalid for this LUN",
  [CompletionCode.TIMEOUT]: "timeout inside the BMC",
  [CompletionCode.OUT_OF_SPACE]: "out of space",
  [CompletionCode.RESERVATION_CANCELLED]: "reservation cancelled",
  [CompletionCode.DATA_TRUNCATED]: "request data truncated",
  [CompletionCode.DATA_LENGTH_INVALID]: "request data length invalid",
  [CompletionCode.DATA_LENGTH_EXCEEDED]: "request data length limit exceeded",
  [CompletionCode.PARAMETER_OUT_OF_RANGE]: "parameter out of range",
  [CompletionCode.CANNOT_RETURN_BYTES]: "cannot return so many bytes",
  [CompletionCode.NOT_PRESENT]: "requested sensor, data or record not present",
  [CompletionCode.INVALID_DATA_FIELD]: "invalid data field in request",
  [CompletionCode.ILLEGAL_FOR_SENSOR]: "command illegal for this sensor or record",
  [CompletionCode.NO_RESPONSE]: "no response could be provided",
  [CompletionCode.DUPLICATE_REQUEST]: "duplicated request",
  [CompletionCode.SDR_UPDATE]: "SDR repository in update mode",
  [CompletionCode.FIRMWARE_UPDATE]: "the BMC is in firmware update mode",
  [CompletionCode.INITIALISING]: "the BMC is initialising",
  [CompletionCode.DESTINATION_UNAVAILABLE]: "destination unavailable",
  [CompletionCode.INSUFFICIENT_PRIVILEGE]: "insufficient privilege level",
  [CompletionCode.NOT_IN_PRESENT_STATE]: "not supported in the present state",
  [CompletionCode.SUBFUNCTION_DISABLED]: "sub-function disabled or unavailable",
  [CompletionCode.UNSPECIFIED]: "unspecified error",
};

/** The code's name in words, with its number; codes 0x80-0xbe mean something else for every command. */
export function describeCompletionCode(code: number): string {
  const hex = `0x${code.toString(16).padStart(2, "0")}`;
  const text = COMPLETION_TEXT[code];
  if (text) return `${text} (${hex})`;
  return code >= 0x80 && code <= 0xbe ? `command-specific error (${hex})` : `unknown completion code (${hex})`;
}

export const RmcpStatus = {
  OK: 0x00,
  INSUFFICIENT_RESOURCES: 0x01,
  INVALID_SESSION_ID: 0x02,
  INVALID_ROLE: 0x09,
  UNAUTHORIZED_ROLE: 0x0a,
  INVALID_NAME_LENGTH: 0x0c,
  UNAUTHORIZED_NAME: 0x0d,
  INVALID_INTEGRITY_CHECK: 0x0f,
  NO_CIPHER_SUITE_MATCH: 0x11,
  ILLEGAL_PARAMETER: 0x12,
} as const;

const RMCP_STATUS_TEXT: readonly string[] = [
  "no errors",
  "insufficient resources to create a session",
  "invalid session id",
  "invalid payload type",
  "invalid authentication algorithm",
  "invalid integrity algorithm",
  "no matching authentication payload",
  "no matching integrity payload",
  "inactive session id",
  "invalid role",
  "unauthorized role or privilege level requested",
  "insufficient resources to create a session at the requested role",
  "invalid name length",
  "unauthorized name",
  "unauthorized GUID",
  "invalid integrity check value",
  "invalid confidentiality algorithm",
  "no cipher suite match",
  "illegal or unrecognized parameter",
];

export function describeRmcpStatus(status: number): string {
  return `${RMCP_STATUS_TEXT[status] ?? "unknown status"} (0x${status.toString(16).padStart(2, "0")})`;
}
