// A bare server's BMC around a machine made of variables.
import { randomUUID } from "node:crypto";
import { type Chassis, LanServer, ManagementController, type PowerAction } from "@metal-stack/ipmi";

export class TestServer implements Chassis {
  readonly uuid = randomUUID();
  powered: boolean;
  lit = false;
  readonly actions: PowerAction[] = [];
  busy = false;
  /** How long a power command takes. */
  delayMs = 0;
  readonly controller: ManagementController;
  readonly #lan: LanServer;

  private constructor(user: string, password: string, powered: boolean) {
    this.powered = powered;
    const access = { enabled: true, privilege: 4, ipmiMessaging: true, linkAuthentication: true, solAccess: true };
    this.controller = new ManagementController({
      device: { uuid: this.uuid, firmware: { major: 3, minor: 14 }, manufacturerId: 1, productId: 1 },
      lan: { address: "127.0.0.1", mac: "52:54:00:00:00:01" },
      fru: {
        chassis: { type: 23, partNumber: "CP", serial: "CS" },
        board: { manufacturer: "BM", productName: "BN", serial: "BS", partNumber: "BP" },
        product: { manufacturer: "PM", name: "PN", partNumber: "PP", version: "", serial: "PS", assetTag: "" },
      },
      state: { users: [{ id: 2, name: user, password, ...access }] },
      chassis: this,
      console: { subscribe: () => () => undefined, write: () => undefined },
    });
    this.#lan = new LanServer(this.controller, { uuid: this.uuid });
  }

  static async start({ user = "metal", password = "metalpw", powered = true } = {}): Promise<TestServer> {
    const server = new TestServer(user, password, powered);
    await server.#lan.listen("127.0.0.1", 0);
    return server;
  }

  get address(): string {
    return `127.0.0.1:${this.#lan.port}`;
  }

  async control(action: PowerAction): Promise<void> {
    this.busy = true;
    if (this.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.delayMs));
    this.actions.push(action);
    this.powered = action !== "off";
    this.busy = false;
  }

  identify(on: boolean): void {
    this.lit = on;
  }

  bootFlags(): void {}

  stop(): void {
    this.#lan.close();
    this.controller.close();
  }
}
