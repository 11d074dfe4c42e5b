/** Where a request comes from, as far as that can be believed. */
import { type AddressRanges, canonicalAddress } from "./address-ranges.ts";

export interface Sender {
  /** Of the client, behind the proxies that are trusted; `unknown` where there is none. */
  readonly address: string;
  /** A proxy that nobody named as trusted has passed the request on: the address is the proxy's, and says nothing of who asks. */
  readonly isRelayed: boolean;
}

/**
 * @param peer the other end of the connection.
 * @param header a header of the request by its name in small letters.
 */
export type IdentifySender = (peer: string | undefined, header: (name: string) => string | undefined) => Sender;

/** What a proxy adds to say for whom it asks; all but the first are looked at to see that there is one. */
const FORWARDING_HEADERS = ["x-forwarded-for", "forwarded", "x-real-ip"];

/**
 * Believes `X-Forwarded-For` only of trusted proxies: each appends the address it was asked from, so that the list is read from its end, and
 * the first address in it that is no trusted proxy is the client's. What stands before that was written by the client, and may be anything.
 */
export function createSenderIdentification(trustedProxies: AddressRanges): IdentifySender {
  return (peer, header) => {
    const address = peer === undefined ? undefined : canonicalAddress(peer);
    if (address === undefined) return { address: "unknown", isRelayed: false };
    const list = header("x-forwarded-for");
    if (list !== undefined && trustedProxies.has(address)) return readFromEnd(list, address, trustedProxies);
    return { address, isRelayed: FORWARDING_HEADERS.some((name) => header(name) !== undefined) };
  };
}

function readFromEnd(list: string, proxy: string, trustedProxies: AddressRanges): Sender {
  let address = proxy;
  let end = list.length;
  while (end > 0) {
    const comma = list.lastIndexOf(",", end - 1);
    const entry = list.slice(comma + 1, end).trim();
    end = comma;
    if (entry === "") continue;
    const named = addressIn(entry);
    // A proxy that will not say for whom it asks asks for somebody all the same.
    if (named === undefined) return { address, isRelayed: true };
    if (!trustedProxies.has(named)) return { address: named, isRelayed: false };
    address = named;
  }
  return { address, isRelayed: false };
}

/** Some proxies add the port, and IPv6 then stands in brackets. */
function addressIn(entry: string): string | undefined {
  const [, bracketed, plain] = /^(?:\[([^\]]+)\]|([\d.]+))(?::\d+)?$/.exec(entry) ?? [];
  return canonicalAddress(bracketed ?? plain ?? entry);
}
