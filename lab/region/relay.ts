import { connect, createServer, type NetConnectOpts, type Server } from "node:net";

/** A server, not listening yet, that passes each connection on to `target`. When one end breaks, so does the other. */
export function relayTo(target: NetConnectOpts): Server {
  return createServer((client) => {
    const upstream = connect(target);
    client.on("error", () => upstream.destroy());
    upstream.on("error", () => client.destroy());
    client.pipe(upstream).pipe(client);
  });
}
