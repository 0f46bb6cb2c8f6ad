import { describe, expect, it } from "vitest";
import {
  administratorCommands,
  isLanChannel,
  parseFru,
  parseLan,
  parseUsers,
  slotFor,
  passwordCommand,
} from "./rules-ipmitool.ts";

const USERS =
  "1,,true,false,true,USER\n2,ADMIN,true,false,true,ADMINISTRATOR\n3,,true,false,false,Unknown\n4,metal,true,true,true,ADMINISTRATOR\n";

describe("ipmitool's words", () => {
  it("tell the users: ours keeps its slot, else it gets the first free one after the factory's", () => {
    const users = parseUsers(USERS);
    expect(slotFor(users, "metal")).toBe(4);
    expect(slotFor(users, "other")).toBe(3);
    expect(slotFor(users.slice(0, 2), "other")).toBeUndefined();
  });

  it("tell where the BMC is, if it has an address", () => {
    const lan = (ip: string) =>
      `Set in Progress         : Set Complete\nIP Address Source       : DHCP Address\nIP Address              : ${ip}\nMAC Address             : AC:1F:6B:35:AB:62\n`;
    expect(parseLan(lan("192.168.2.53"))).toEqual({ ip: "192.168.2.53", mac: "ac:1f:6b:35:ab:62" });
    expect(parseLan(lan("0.0.0.0")).ip).toBeUndefined();
  });

  it("tell what the board is", () => {
    const fru = [
      "FRU Device Description : Builtin FRU Device (ID 0)",
      " Chassis Part Number   : CSE-217BHQ+-R2K22BP2",
      " Chassis Serial        : C217BAH31AG0535",
      " Board Mfg Date        : Mon Jan  1 00:00:00 1996",
      " Board Mfg             : Supermicro",
      " Board Serial          : HM188S012423",
      " Product Serial        : ",
    ].join("\n");
    expect(parseFru(fru)).toEqual({
      chassisPartNumber: "CSE-217BHQ+-R2K22BP2",
      chassisPartSerial: "C217BAH31AG0535",
      boardMfg: "Supermicro",
      boardMfgSerial: "HM188S012423",
    });
    expect(parseFru("FRU Device Description : Builtin FRU Device (ID 0)\n Device not present")).toEqual({});
  });

  it("tell which channel is the LAN", () => {
    expect(isLanChannel("Channel 0x1 info:\n  Channel Medium Type   : 802.3 LAN\n")).toBe(true);
    expect(isLanChannel("Channel 0x2 info:\n  Channel Medium Type   : System Interface\n")).toBe(false);
  });

  it("make an administrator", () => {
    expect(passwordCommand(3, "s3cretS3cret")).toBe("user set password 3 s3cretS3cret 16\n");
    expect(administratorCommands(1, 3)).toContainEqual(["user", "priv", "3", "4", "1"]);
  });
});
