/** Lists of addresses and ranges, as operators write them, and whether an address is in one. */
import { BlockList, isIPv4, isIPv6, SocketAddress } from "node:net";

export interface AddressRanges {
  /** @param address in any spelling; what is no address is in no range. */
  has(address: string): boolean;
}

const BITS = { ipv4: 32, ipv6: 128 } as const;
/** An IPv4 address within IPv6 stands behind so many bits. */
const MAPPED_PREFIX = 96;
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/;
const familyOf = (address: string): "ipv4" | "ipv6" => (address.includes(":") ? "ipv6" : "ipv4");

/**
 * The one spelling of an address: IPv4 where it is IPv4, also within IPv6, and without the zone of a link.
 *
 * @returns undefined for what is no address.
 * @example
 * canonicalAddress("::FFFF:7f00:1"); // "127.0.0.1"
 */
export function canonicalAddress(text: string): string | undefined {
  if (isIPv4(text)) return text;
  if (!isIPv6(text)) return undefined;
  const [address = ""] = text.split("%");
  const written = new SocketAddress({ address, family: "ipv6" }).address;
  return MAPPED.exec(written)?.[1] ?? written;
}

/**
 * Parses addresses and ranges in CIDR notation, separated by commas; `none` is the empty list.
 *
 * @throws Error that names the entry which is neither.
 * @example
 * parseAddressRanges("127.0.0.0/8, ::1").has("::ffff:127.0.0.1"); // true
 */
export function parseAddressRanges(text: string): AddressRanges {
  const entries = text.split(",").map((entry) => entry.trim());
  const ranges = new BlockList();
  const families = new Set<string>();
  for (const entry of entries) {
    if (entry === "" || (entry === "none" && entries.length === 1)) continue;
    const range = parseRange(entry);
    if (range === undefined) throw new Error(`must be addresses or ranges such as 10.0.0.0/8 or ::1, separated by commas, not "${entry}"`);
    ranges.addSubnet(range.address, range.prefix, familyOf(range.address));
    families.add(familyOf(range.address));
  }
  return {
    has(address) {
      const canonical = canonicalAddress(address);
      if (canonical === undefined) return false;
      const family = familyOf(canonical);
      // A list of IPv6 ranges alone would look for an IPv4 address among those within IPv6.
      return families.has(family) && ranges.check(canonical, family);
    },
  };
}

function parseRange(entry: string): { readonly address: string; readonly prefix: number } | undefined {
  const [, given = "", , digits] = /^([^/%]+)(\/(\d{1,3}))?$/.exec(entry) ?? [];
  const address = canonicalAddress(given);
  if (address === undefined) return undefined;
  const bits = BITS[familyOf(address)];
  const isMapped = familyOf(address) !== familyOf(given);
  if (digits === undefined) return { address, prefix: bits };
  const prefix = Number(digits) - (isMapped ? MAPPED_PREFIX : 0);
  return prefix < 0 || prefix > bits ? undefined : { address, prefix };
}
