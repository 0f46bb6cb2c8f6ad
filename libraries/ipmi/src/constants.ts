// Numbers of the IPMI v2.0 specification (rev 1.1 with errata 7) that both ends of the wire need.

/** RMCP and RMCP+ (§13.1.1). */
export const IPMI_PORT = 623;

/** Network functions (§5.1); the response's is the request's plus one. */
export const NetFn = { CHASSIS: 0x00, APP: 0x06, STORAGE: 0x0a, TRANSPORT: 0x0c } as const;

/** Command numbers (appendix G). */
export const Command = {
  // NetFn.CHASSIS
  GET_CHASSIS_CAPABILITIES: 0x00,
  GET_CHASSIS_STATUS: 0x01,
  CHASSIS_CONTROL: 0x02,
  CHASSIS_IDENTIFY: 0x04,
  SET_BOOT_OPTIONS: 0x08,
  GET_BOOT_OPTIONS: 0x09,
  // NetFn.APP
  GET_DEVICE_ID: 0x01,
  GET_SELF_TEST_RESULTS: 0x04,
  GET_DEVICE_GUID: 0x08,
  SET_BMC_GLOBAL_ENABLES: 0x2e,
  GET_BMC_GLOBAL_ENABLES: 0x2f,
  CLEAR_MESSAGE_FLAGS: 0x30,
  GET_MESSAGE_FLAGS: 0x31,
  GET_SYSTEM_GUID: 0x37,
  GET_CHANNEL_AUTHENTICATION_CAPABILITIES: 0x38,
  SET_SESSION_PRIVILEGE_LEVEL: 0x3b,
  CLOSE_SESSION: 0x3c,
  GET_CHANNEL_ACCESS: 0x41,
  GET_CHANNEL_INFO: 0x42,
  SET_USER_ACCESS: 0x43,
  GET_USER_ACCESS: 0x44,
  SET_USER_NAME: 0x45,
  GET_USER_NAME: 0x46,
  SET_USER_PASSWORD: 0x47,
  ACTIVATE_PAYLOAD: 0x48,
  DEACTIVATE_PAYLOAD: 0x49,
  GET_PAYLOAD_ACTIVATION_STATUS: 0x4a,
  SET_USER_PAYLOAD_ACCESS: 0x4c,
  GET_USER_PAYLOAD_ACCESS: 0x4d,
  GET_CHANNEL_PAYLOAD_SUPPORT: 0x4e,
  GET_CHANNEL_CIPHER_SUITES: 0x54,
  // NetFn.STORAGE
  GET_FRU_AREA_INFO: 0x10,
  READ_FRU: 0x11,
  GET_SDR_REPOSITORY_INFO: 0x20,
  RESERVE_SDR_REPOSITORY: 0x22,
  GET_SDR: 0x23,
  GET_SEL_INFO: 0x40,
  // NetFn.TRANSPORT
  SET_LAN_CONFIGURATION: 0x01,
  GET_LAN_CONFIGURATION: 0x02,
  SET_SOL_CONFIGURATION: 0x21,
  GET_SOL_CONFIGURATION: 0x22,
} as const;

/** Privilege levels (§6.8): each may do what the lower ones may. */
export const Privilege = { CALLBACK: 1, USER: 2, OPERATOR: 3, ADMINISTRATOR: 4, NO_ACCESS: 0x0f } as const;

/** RMCP+ payload types (table 13-16). */
export const PayloadType = {
  IPMI: 0x00,
  SOL: 0x01,
  OPEN_SESSION_REQUEST: 0x10,
  OPEN_SESSION_RESPONSE: 0x11,
  RAKP_1: 0x12,
  RAKP_2: 0x13,
  RAKP_3: 0x14,
  RAKP_4: 0x15,
} as const;

/** Channel numbers (table 6-1); 1 is where BMCs keep their LAN. */
export const Channel = { LAN: 0x01, CURRENT: 0x0e, SYSTEM_INTERFACE: 0x0f } as const;

/** User ids 1-15; 1 is the nameless user, here always disabled. 6 bits on the wire, 15 is what most BMCs have. */
export const MAX_USERS = 15;
export const USER_NAME_LENGTH = 16;
export const PASSWORD_LENGTH = 20;
