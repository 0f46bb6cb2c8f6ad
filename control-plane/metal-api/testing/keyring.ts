import { Keyring } from "../secrets/keyring.ts";

/** The same in every process of a test. */
export const TEST_KEYRING = Keyring.parse(Buffer.alloc(32, "test").toString("base64"));
