// IEEE 802.1AB (LLDP): frames, neighbours, and raw Ethernet on Linux without native code.
export { decodeFrame } from "./decode.ts";
export { encodeFrame, type FrameToSend } from "./encode.ts";
export * from "./frame.ts";
export type { FrameLink } from "./link.ts";
export { openMacvtapLink } from "./link-macvtap.ts";
export { openPacketLink } from "./link-packet.ts";
export * from "./rules-neighbours.ts";
