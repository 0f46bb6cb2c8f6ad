// The guest's KCS interface to its BMC: QEMU's `ipmi-bmc-extern` device connects here whenever the machine is on.
// A socket file and not an inherited one: QEMU 7.2 crashes when that device finds its line connected at start.
import { rmSync } from "node:fs";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { encodeGuestResponse, EXTERN_GREETING, GuestRequestReader, type ManagementController } from "@metal-stack/ipmi";

export class GuestChannel {
  readonly #server: Server;
  readonly #path: string;
  readonly #connections = new Set<Socket>();

  constructor(controller: ManagementController, path: string) {
    this.#path = path;
    this.#server = createServer((socket) => {
      this.#connections.add(socket);
      socket.on("close", () => this.#connections.delete(socket));
      serve(controller, socket);
    });
  }

  async listen(): Promise<void> {
    rmSync(this.#path, { force: true });
    this.#server.listen(this.#path);
    await once(this.#server, "listening");
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#connections) socket.destroy();
  }
}

function serve(controller: ManagementController, socket: Socket): void {
  const reader = new GuestRequestReader();
  socket.on("error", () => undefined);
  socket.write(EXTERN_GREETING);
  socket.on("data", (data) => {
    for (const request of reader.read(data)) {
      void controller.handle(request).then((response) => {
        if (!socket.destroyed) socket.write(encodeGuestResponse(request, response));
      });
    }
  });
}
