// The BMC of a simulated machine: a real IPMI 2.0 peer, behind a wire that may be cut, slow, or carry nonsense.
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import { type Chassis, LanServer, ManagementController } from "@metal-stack/ipmi";

/** Factory credentials of all simulated BMCs. */
export const FACTORY = { user: "ADMIN", password: "ADMIN" } as const;
const ADMINISTRATOR = 4;

export type WireState = "good" | "silent" | "slow" | "nonsense";

export class SimulatedBmc {
  readonly controller: ManagementController;
  readonly #lan: LanServer;
  readonly #wire: Wire;

  constructor(uuid: string, mac: string, chassis: Chassis) {
    const access = {
      enabled: true,
      privilege: ADMINISTRATOR,
      ipmiMessaging: true,
      linkAuthentication: true,
      solAccess: true,
    };
    this.controller = new ManagementController({
      device: { uuid, firmware: { major: 1, minor: 0 }, manufacturerId: 1, productId: 1 },
      lan: { address: "127.0.0.1", mac },
      fru: {
        chassis: { type: 23, partNumber: "sim", serial: `chassis-${uuid.slice(0, 8)}` },
        board: { manufacturer: "sim", productName: "sim", serial: `board-${uuid.slice(0, 8)}`, partNumber: "sim" },
        product: {
          manufacturer: "sim",
          name: "sim",
          partNumber: "sim",
          version: "1",
          serial: `product-${uuid.slice(0, 8)}`,
          assetTag: "",
        },
      },
      state: { users: [{ id: 2, name: FACTORY.user, password: FACTORY.password, ...access }] },
      chassis,
      console: { subscribe: () => () => undefined, write: () => undefined },
    });
    this.#lan = new LanServer(this.controller, { uuid });
    this.#wire = new Wire();
  }

  async start(): Promise<void> {
    await this.#lan.listen("127.0.0.1", 0);
    await this.#wire.listen(this.#lan.port);
  }

  /** What metal-bmc speaks to. */
  get address(): string {
    return `127.0.0.1:${this.#wire.port}`;
  }

  set wire(state: WireState) {
    this.#wire.state = state;
  }

  stop(): void {
    this.#wire.close();
    this.#lan.close();
    this.controller.close();
  }
}

const SLOW_MS = 1_500;

/** Passes datagrams between consoles and the BMC; one socket a console, so that answers find their way back. */
class Wire {
  state: WireState = "good";
  readonly #front = createSocket("udp4");
  readonly #consoles = new Map<number, Socket>();

  async listen(bmcPort: number): Promise<void> {
    this.#front.on("message", (datagram, console) => this.#in(datagram, console, bmcPort));
    this.#front.on("error", () => undefined);
    this.#front.bind(0, "127.0.0.1");
    await once(this.#front, "listening");
  }

  get port(): number {
    return this.#front.address().port;
  }

  close(): void {
    this.#front.close();
    for (const socket of this.#consoles.values()) socket.close();
    this.#consoles.clear();
  }

  #in(datagram: Buffer, console: RemoteInfo, bmcPort: number): void {
    let socket = this.#consoles.get(console.port);
    if (!socket) {
      socket = createSocket("udp4");
      socket.on("message", (answer) => this.#out(answer, console.port));
      socket.on("error", () => undefined);
      this.#consoles.set(console.port, socket);
      this.#forgetOldest();
    }
    const to = socket;
    this.#carry(() => to.send(datagram, bmcPort, "127.0.0.1"));
  }

  #out(answer: Buffer, consolePort: number): void {
    // Keeps the RMCP header, or nobody would look at the rest.
    const bytes =
      this.state === "nonsense"
        ? Buffer.from(answer.map((byte, at) => (at < 4 ? byte : (byte * 7 + at) & 0xff)))
        : answer;
    this.#carry(() => this.#front.send(bytes, consolePort, "127.0.0.1"));
  }

  #carry(send: () => void): void {
    if (this.state === "silent") return;
    if (this.state !== "slow") return attempt(send);
    setTimeout(() => attempt(send), SLOW_MS).unref();
  }

  /** metal-bmc opens a new socket for every login. */
  #forgetOldest(): void {
    if (this.#consoles.size <= 32) return;
    const [port, socket] = this.#consoles.entries().next().value!;
    this.#consoles.delete(port);
    socket.close();
  }
}

/** A socket that was closed meanwhile loses the datagram, as a pulled cable does. */
function attempt(send: () => void): void {
  try {
    send();
  } catch {
    // Lost.
  }
}
