// A read-only TFTP server.
export {
  serveTftp,
  type Peer,
  type ReadFile,
  type TftpOptions,
  type TftpServer,
  type TransferReport,
} from "./server.ts";
