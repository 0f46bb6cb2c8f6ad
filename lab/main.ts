// The lab's front door, on the host: set-up, then a region inside namespaces of its own; and ways into a running one.
//   npm run lab                    a region with two servers, one of them provisioned before your eyes; Ctrl-C ends it
//   npm run lab -- --once          the whole story unattended, with a verdict
//   npm run lab -- ssh m1 [cmd …]  log in to an allocated server        npm run lab -- console m1   its serial console
//   npm run lab -- status          what runs                            npm run lab -- kill <name>  end a process (it comes back)
import { attachConsole } from "./access/console.ts";
import { openShell } from "./access/ssh.ts";
import { endProcess, printStatus } from "./access/status.ts";
import { installDebianPackages } from "./setup/debian.ts";
import { buildDiscoveryImage, buildOsImage } from "./setup/artefacts.ts";
import { step } from "./setup/step.ts";
import { runRegion } from "./region/host.ts";

const USAGE = `npm run lab [-- --once | ssh <machine> [command …] | console <machine> | status | kill <process>]`;

async function setUp(): Promise<void> {
  console.log("set-up");
  await step("Debian packages", (report) => installDebianPackages(report));
  await step("discovery image", buildDiscoveryImage);
  await step("OS image", buildOsImage);
}

const [command, ...rest] = process.argv.slice(2);
try {
  switch (command) {
    case undefined:
    case "--once":
      await setUp();
      process.exitCode = await runRegion({ story: command === "--once" ? "once" : "watch" });
      break;
    case "--speed": // for `npm run bench -- boot`
      await setUp();
      process.exitCode = await runRegion({ story: "speed", bare: rest[0] === "--bare" });
      break;
    case "ssh":
      process.exitCode = await openShell(rest[0], rest.slice(1));
      break;
    case "console":
      await attachConsole(rest[0]);
      break;
    case "status":
      printStatus();
      break;
    case "kill":
      endProcess(rest[0]);
      break;
    case "setup":
      await setUp();
      break;
    default:
      console.error(`unknown command "${command}"\n${USAGE}`);
      process.exitCode = 2;
  }
} catch (error) {
  console.error(`\n${(error as Error).message}`);
  process.exitCode = 1;
}
