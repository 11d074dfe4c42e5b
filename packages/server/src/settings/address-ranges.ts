/** A setting whose value is a list of addresses and ranges. */
import { type AddressRanges, parseAddressRanges } from "../security/address-ranges.ts";
import type { Setting } from "./kinds.ts";

export const addressRanges = (description: string, fallback: string): Setting<AddressRanges> => ({
  description,
  fallback,
  parse: (raw) => parseAddressRanges(raw === undefined || raw === "" ? fallback : raw),
});
