// What things cost, beside a peer in the same run: `npm run bench -- boot | size | memory | metal-api | ipam | masterdata | metalctl` (all without a name).
import { benchBoot } from "./boot.ts";
import { benchIpam } from "./ipam.ts";
import { benchMasterdata } from "./masterdata.ts";
import { benchMemory } from "./memory.ts";
import { benchMetalApi } from "./metal-api.ts";
import { benchMetalctl } from "./metalctl.ts";
import { benchSize } from "./size.ts";

const BENCHES: Readonly<Record<string, () => Promise<void>>> = {
  size: benchSize,
  memory: benchMemory,
  "metal-api": benchMetalApi,
  ipam: benchIpam,
  masterdata: benchMasterdata,
  metalctl: benchMetalctl,
  boot: benchBoot,
};

const wanted = process.argv.slice(2);
for (const name of wanted.length > 0 ? wanted : Object.keys(BENCHES)) {
  const bench = BENCHES[name];
  if (!bench) {
    console.error(`unknown bench "${name}"; there are: ${Object.keys(BENCHES).join(", ")}`);
    process.exit(2);
  }
  console.log(`\n── ${name}`);
  await bench();
}
