// Times to the microsecond, which is what PostgreSQL keeps; protobuf has nanoseconds, JavaScript's Date milliseconds. Pure.
import { create, toJson } from "@bufbuild/protobuf";
import { type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { invalid } from "../errors.ts";

/** @param micros since 1970 */
export function timestampOf(micros: number): Timestamp {
  const seconds = Math.floor(micros / 1e6);
  return create(TimestampSchema, { seconds: BigInt(seconds), nanos: (micros - seconds * 1e6) * 1_000 });
}

/** Microseconds since 1970, what is finer cut off. */
export function microsOf(time: Timestamp): number {
  return Number(time.seconds) * 1e6 + Math.floor(time.nanos / 1_000);
}

/** As PostgreSQL reads it, what is finer than a microsecond cut off. Throws INVALID_ARGUMENT outside of the years 1 to 9999. */
export function timeText(time: Timestamp): string {
  const { seconds, nanos } = time;
  try {
    if (nanos < 0 || nanos > 999_999_999) throw new RangeError("nanos");
    return toJson(TimestampSchema, create(TimestampSchema, { seconds, nanos: nanos - (nanos % 1_000) }));
  } catch {
    throw invalid(`${seconds} s and ${nanos} ns is no time within the years 1 to 9999`);
  }
}
