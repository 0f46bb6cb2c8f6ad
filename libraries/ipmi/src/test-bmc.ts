// A BMC around a machine made of variables, for tests.
import { ManagementController } from "./controller/controller.ts";
import type { Chassis, PowerAction } from "./controller/chassis-commands.ts";
import type { UserAccount } from "./controller/users.ts";
import { LanServer, type LanServerOptions } from "./server/lan-server.ts";

class TestChassis implements Chassis {
  powered = false;
  led = false;
  readonly actions: PowerAction[] = [];

  async control(action: PowerAction): Promise<void> {
    this.actions.push(action);
    this.powered = action !== "off";
  }

  identify(on: boolean): void {
    this.led = on;
  }

  bootFlags(): void {}
}

/** A serial console that prints what it is told, and remembers what is typed. */
class TestConsole {
  typed = "";
  readonly #listeners = new Set<(data: Buffer) => void>();

  subscribe(listener: (data: Buffer) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  write(data: Buffer): void {
    this.typed += data.toString();
  }

  print(text: string): void {
    for (const listener of this.#listeners) listener(Buffer.from(text));
  }

  get watched(): boolean {
    return this.#listeners.size > 0;
  }
}

export function testUser(user: Partial<UserAccount> & Pick<UserAccount, "id" | "name" | "password">): UserAccount {
  return { enabled: true, privilege: 4, ipmiMessaging: true, linkAuthentication: true, solAccess: true, ...user };
}

export class TestBmc {
  readonly uuid = "a1234567-89ab-4def-a123-456789abcdef";
  readonly chassis = new TestChassis();
  readonly console = new TestConsole();
  readonly controller: ManagementController;
  readonly server: LanServer;

  private constructor(options: Partial<LanServerOptions>) {
    this.controller = new ManagementController({
      device: { uuid: this.uuid, firmware: { major: 1, minor: 7 }, manufacturerId: 1291, productId: 3842 },
      lan: { address: "127.0.0.1", mac: "52:54:00:00:00:01" },
      fru: {
        chassis: { type: 23, partNumber: "C-PART", serial: "C-1" },
        board: { manufacturer: "Metal Works", productName: "Board", serial: "B-1", partNumber: "B-PART" },
        product: {
          manufacturer: "Metal Works",
          name: "Virtual Server",
          partNumber: "P-PART",
          version: "1",
          serial: "P-1",
          assetTag: "",
        },
      },
      state: { users: [testUser({ id: 2, name: "metal", password: "metalpw" })] },
      chassis: this.chassis,
      console: this.console,
      port: () => this.port,
    });
    this.server = new LanServer(this.controller, { uuid: this.uuid, ...options });
  }

  static async start(options: Partial<LanServerOptions> = {}): Promise<TestBmc> {
    const bmc = new TestBmc(options);
    await bmc.server.listen("127.0.0.1", 0);
    return bmc;
  }

  get port(): number {
    return this.server.port;
  }

  stop(): void {
    this.server.close();
    this.controller.close();
  }
}
