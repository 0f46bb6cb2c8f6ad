/** Of this program. */
export const CLIENT_VERSION = "v0.1.0";
