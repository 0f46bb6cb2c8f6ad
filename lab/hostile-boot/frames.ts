// Who sent what on a cable, from a capture in the classic pcap format (draft-ietf-opsawg-pcap).

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const ETHERNET_HEADER = 14;
export const EtherType = { IPV4: 0x0800, IPV6: 0x86dd } as const;

/** How many frames with this EtherType came from this MAC, or from anybody else. */
export function framesFrom(capture: Buffer, mac: string, etherType: number): { own: number; others: number } {
  const sender = mac.replaceAll(":", "");
  const count = { own: 0, others: 0 };
  for (let at = FILE_HEADER; at + RECORD_HEADER + ETHERNET_HEADER <= capture.length;) {
    const length = capture.readUInt32LE(at + 8);
    const frame = capture.subarray(at + RECORD_HEADER, at + RECORD_HEADER + length);
    at += RECORD_HEADER + length;
    if (frame.length < ETHERNET_HEADER || frame.readUInt16BE(12) !== etherType) continue;
    count[frame.toString("hex", 6, 12) === sender ? "own" : "others"] += 1;
  }
  return count;
}
