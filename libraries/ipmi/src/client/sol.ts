import { Duplex } from "node:stream";
import { Command, NetFn, PayloadType } from "../constants.ts";
import { IpmiError } from "../errors.ts";
import { SolLink } from "../sol.ts";
import type { IpmiSession } from "./session.ts";

/** SOL, instance 1, encrypted and authenticated (§24.1). */
const ACTIVATE = Buffer.of(PayloadType.SOL, 1, 0xc0, 0, 0, 0);
const DEACTIVATE = Buffer.of(PayloadType.SOL, 1, 0, 0, 0, 0);
/** BMCs end a session after 60 s without a request (§6.12.15). */
const KEEP_ALIVE_MS = 20_000;

/**
 * Connects to the machine's serial console. Ends when the BMC ends it or stops answering; destroying it ends the SOL
 * payload, not the session. Throws CompletionError 0x80 when somebody else has the console.
 */
export async function openSol(session: IpmiSession): Promise<Duplex> {
  await session.request(NetFn.APP, Command.ACTIVATE_PAYLOAD, ACTIVATE);
  const link = new SolLink("console", {
    send: (payload) => session.sendSol(payload),
    onData: (data) => stream.push(data),
    onEnd: () => stream.push(null),
  });
  const unlisten = session.onSol((payload) => link.receive(payload));
  const keepAlive = setInterval(() => {
    session.request(NetFn.APP, Command.GET_DEVICE_ID).catch((error: Error) => {
      // With the session closed on our side the console just ends; anything else is news for the reader.
      const ours = error instanceof IpmiError && error.kind === "closed";
      stream.destroy(ours ? undefined : error);
    });
  }, KEEP_ALIVE_MS).unref();
  const stream = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _encoding, done) {
      link.write(chunk);
      done();
    },
    destroy(error, done) {
      clearInterval(keepAlive);
      unlisten();
      link.close();
      void deactivate(session);
      done(error);
    },
  });
  return stream;
}

async function deactivate(session: IpmiSession): Promise<void> {
  // A BMC that no longer answers has ended it already.
  await session.request(NetFn.APP, Command.DEACTIVATE_PAYLOAD, DEACTIVATE).catch(() => undefined);
}
