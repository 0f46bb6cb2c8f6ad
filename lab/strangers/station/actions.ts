// What somebody plugged into the boot network can do. Each takes and gives JSON.
import { dhcpBoot, dhcpFlood, dhcpNoise, dhcpSend, dhcpServe, dhcpServersHeard } from "./dhcp.ts";
import { grpc, grpcHeld, grpcOpen, grpcRelease } from "./grpc.ts";
import { lldpSay } from "./lldp.ts";
import { http, tcpHeld, tcpHold, tcpRelease } from "./tcp.ts";
import { tftpAsk, tftpHold } from "./tftp.ts";

export const ACTIONS = {
  dhcpBoot,
  dhcpFlood,
  dhcpNoise,
  dhcpSend,
  dhcpServe,
  dhcpServersHeard,
  grpc,
  grpcHeld,
  grpcOpen,
  grpcRelease,
  http,
  lldpSay,
  tcpHeld,
  tcpHold,
  tcpRelease,
  tftpAsk,
  tftpHold,
};

export type Actions = typeof ACTIONS;
