import { expect, it } from "vitest";
import { isBefore, segmentOf } from "./wal-names.ts";

const MIB = 1 << 20;

it.each([
  [1, "0/0", 16, "000000010000000000000000"],
  [1, "2/16B3D80", 16, "000000010000000200000001"],
  [3, "0/FFFFFFFF", 16, "0000000300000000000000FF"],
  [1, "1/0", 64, "000000010000000100000000"],
  [1, "1/4000000", 64, "000000010000000100000001"],
])("finds the segment of timeline %i that holds %s in segments of %i MiB", (timeline, lsn, mebibytes, segment) => {
  expect(segmentOf(timeline, lsn, mebibytes * MIB)).toBe(segment);
});

it.each(["", "2", "2/", "x/1", "2/123456789"])("takes %j for no position", (lsn) => {
  expect(() => segmentOf(1, lsn, MIB)).toThrow(RangeError);
});

it("never calls a segment old that somebody may begin with, or what is no segment", () => {
  const first = "000000020000000000000005";
  expect(isBefore("000000010000000000000004", first)).toBe(true);
  for (const name of [first, "000000010000000000000005", "000000010000000000000006", "00000002.history", "000000010000000000000004.partial", "x"])
    expect(isBefore(name, first)).toBe(false);
});
