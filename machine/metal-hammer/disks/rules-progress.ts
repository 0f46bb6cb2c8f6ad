// When people are told how an erase gets on, and how long it will still take: no more often, and no more exactly, than helps.

/** Of one disk; a change of what is done is always told. */
const OFTEN_ENOUGH_MS = 30_000;
const NOT_MORE_OFTEN_MS = 1_000;
const STEP = 0.05;

/** A rate measured over less says little. */
const MEASURE_MS = 10_000;
const MEASURE_FRACTION = 0.005;

/** Whether `fraction` is worth telling, given what was told last and how long ago. */
export function worthTelling(fraction: number, told: number, agoMs: number): boolean {
  return agoMs >= OFTEN_ENOUGH_MS || (agoMs >= NOT_MORE_OFTEN_MS && fraction - told >= STEP);
}

/** "about 20 min left", from the rate so far; empty while that is too short, and near the end. */
export function describeRest(fraction: number, elapsedMs: number): string {
  if (elapsedMs < MEASURE_MS || fraction < MEASURE_FRACTION || fraction >= 1) return "";
  const minutes = (elapsedMs * (1 - fraction)) / fraction / 60_000;
  if (minutes < 1) return "less than a minute left";
  if (minutes < 10) return `about ${Math.round(minutes)} min left`;
  if (minutes < 90) return `about ${Math.round(minutes / 10) * 10} min left`;
  return `about ${Math.round(minutes / 60)} h left`;
}
