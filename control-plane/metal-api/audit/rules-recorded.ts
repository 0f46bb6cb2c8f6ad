// Which requests go on record (reference/api-resources.md 5.1 and chapter 9). Pure.

const CHANGING: readonly string[] = ["POST", "PUT", "PATCH", "DELETE"];
/** They change nothing, although they are sent like what does; or they are what switches say every few seconds. */
const HARMLESS =
  /^(find|(partitionCapacity|suggest|sizeReservationsUsage|trySizeImageConstraint|tryFilesystemLayout|matchFilesystemLayout|notifySwitch)$)/;
/** Reading a secret is a deed. */
const READING = "getMachineConsolePassword";

export function isRecorded(method: string, operationId: string | undefined): boolean {
  if (operationId === undefined) return false;
  return operationId === READING || (CHANGING.includes(method) && !HARMLESS.test(operationId));
}

/** Which machine a request is about: the path says, or the answer of an allocation. Empty for none. */
export function machineOf(route: string, params: unknown, answer?: unknown): string {
  if (!/\/v1\/(machine|firewall)\//.test(route)) return "";
  const found = route.endsWith("/allocate") ? answer : params;
  const { id } = (found ?? {}) as { id?: unknown };
  return typeof id === "string" ? id : "";
}
