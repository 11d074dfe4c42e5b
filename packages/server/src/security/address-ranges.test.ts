import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalAddress, parseAddressRanges } from "./address-ranges.ts";

const LENGTH = { v4: 32, v6: 128 } as const;
type Family = keyof typeof LENGTH;

const bytesOf = (value: bigint, count: number): number[] =>
  Array.from({ length: count }, (_, at) => Number((value >> BigInt(8 * at)) & 255n)).reverse();
const dotted = (value: bigint): string => bytesOf(value, 4).join(".");
const grouped = (value: bigint): string => Array.from({ length: 8 }, (_, at) => ((value >> BigInt(16 * (7 - at))) & 0xffffn).toString(16)).join(":");
const write = (family: Family, value: bigint): string => (family === "v4" ? dotted(value) : grouped(value));
/** IPv4 within IPv6, in the two ways that it is written. */
const MAPPED = 0xffff00000000n;
const spellings = (family: Family, value: bigint): string[] =>
  family === "v4" ? [dotted(value), `::ffff:${dotted(value)}`, grouped(MAPPED | value)] : [grouped(value), grouped(value).toUpperCase()];

/** The reference: the first bits are the same. */
const isWithin = (prefix: number, length: number, network: bigint, value: bigint): boolean =>
  network >> BigInt(length - prefix) === value >> BigInt(length - prefix);

const address = (family: Family) => fc.bigInt({ min: 0n, max: 2n ** BigInt(LENGTH[family]) - 1n });
const isMapped = (value: bigint): boolean => value >> 32n === 0xffffn;

/** A range, and an address that often lies near it. */
const rangeAndAddress = fc.constantFrom<Family[]>("v4", "v6").chain((family) =>
  fc
    .record({
      family: fc.constant(family),
      network: address(family),
      prefix: fc.integer({ min: 0, max: LENGTH[family] }),
      other: address(family),
      flipped: fc.integer({ min: 0, max: LENGTH[family] - 1 }),
      isNear: fc.boolean(),
    })
    .map(({ flipped, isNear, other, ...rest }) => ({ ...rest, value: isNear ? rest.network ^ (1n << BigInt(flipped)) : other })),
);

describe("lists of addresses", () => {
  it("hold an address exactly when its first bits are those of a range, however it is written", () => {
    fc.assert(
      fc.property(rangeAndAddress, ({ family, network, prefix, value }) => {
        // Of ranges over the border of IPv4 within IPv6 the next test tells.
        fc.pre(family === "v4" || (!isMapped(network) && !isMapped(value)));
        const ranges = parseAddressRanges(`203.0.113.7, ${write(family, network)}/${prefix}`);
        for (const spelling of spellings(family, value)) {
          const expected = isWithin(prefix, LENGTH[family], network, value) || spelling.endsWith("203.0.113.7");
          expect(ranges.has(spelling), spelling).toBe(expected);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("take IPv4 within IPv6 for IPv4, in lists too, and no other IPv6 for it", () => {
    const mapped = parseAddressRanges("::ffff:10.0.0.0/104");
    expect(["10.1.2.3", "::ffff:10.1.2.3", "::ffff:a01:203", "11.0.0.1", "::a01:203"].map((each) => mapped.has(each))).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
    expect(parseAddressRanges("::/0").has("10.1.2.3")).toBe(false);
    expect(parseAddressRanges("0.0.0.0/0").has("2001:db8::1")).toBe(false);
  });

  it("hold nothing when empty, and no text that is no address", () => {
    for (const list of ["", "none", " , "]) expect(parseAddressRanges(list).has("127.0.0.1")).toBe(false);
    const all = parseAddressRanges("0.0.0.0/0, ::/0");
    for (const text of ["", "unknown", "localhost", "127.0.0.1:80", "127.0.0.1 ", "1.2.3", "0x7f.0.0.1", "010.0.0.1", "::1::"]) {
      expect(all.has(text), text).toBe(false);
    }
  });

  it.each([
    "localhost",
    "10.0.0.0/33",
    "::1/129",
    "::ffff:10.0.0.0/90",
    "10.0.0.0/",
    "10.0.0.0/-1",
    "10.0.0/8",
    "10.0.0.0/8/8",
    "1.2.3.4 5.6.7.8",
    "fe80::1%eth0/64",
    "none, ::1",
    "*",
  ])("refuse %s and say so", (list) => {
    expect(() => parseAddressRanges(list)).toThrow(/must be addresses or ranges .* not "/);
  });

  it("refuse or parse every text, and never anything in between", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[\d.,:/a-f %]{0,40}$/)), (list) => {
        let ranges: ReturnType<typeof parseAddressRanges>;
        try {
          ranges = parseAddressRanges(list);
        } catch (error) {
          expect(String(error)).toContain("must be addresses or ranges");
          return;
        }
        for (const entry of list.split(",").map((each) => each.trim().split("/")[0] ?? "")) {
          if (entry !== "" && entry !== "none") expect(ranges.has(entry), entry).toBe(true);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

it("gives every spelling of an address the same one", () => {
  fc.assert(
    fc.property(address("v4"), address("v6"), (v4, v6) => {
      for (const spelling of spellings("v4", v4)) expect(canonicalAddress(spelling)).toBe(dotted(v4));
      expect(new Set(spellings("v6", v6).map(canonicalAddress)).size).toBe(1);
    }),
  );
  expect(canonicalAddress("fe80::1%eth0")).toBe("fe80::1");
  expect(canonicalAddress("unknown")).toBeUndefined();
});
