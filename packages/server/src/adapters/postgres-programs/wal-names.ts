/** The names of WAL segments, which tell where in the log they are. */

const SEGMENT = /^[0-9A-F]{24}$/;
const SEGMENT_OR_PARTIAL = /^[0-9A-F]{24}(?:\.partial)?$/;
const TIMELINE_DIGITS = 8;
const HEX = 16;
/** Bytes that the first half of a position counts. */
const LOG_BYTES = 2n ** 32n;

/**
 * The segment that holds a position.
 *
 * @param lsn as PostgreSQL writes it: `2/16B3D80`.
 * @param segmentBytes the server's `wal_segment_size`.
 * @throws RangeError for something that is no position.
 * @example
 * segmentOf(1, "2/16B3D80", 16 << 20); // "000000010000000200000001"
 */
export function segmentOf(timeline: number, lsn: string, segmentBytes: number): string {
  const [, high, low] = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i.exec(lsn) ?? [];
  if (high === undefined || low === undefined) throw new RangeError(`${lsn} is no position in a WAL`);
  const number = (BigInt(`0x${high}`) * LOG_BYTES + BigInt(`0x${low}`)) / BigInt(segmentBytes);
  const perLog = LOG_BYTES / BigInt(segmentBytes);
  const digits = (value: bigint | number): string => value.toString(HEX).toUpperCase().padStart(TIMELINE_DIGITS, "0");
  return `${digits(timeline)}${digits(number / perLog)}${digits(number % perLog)}`;
}

export const isSegment = (name: string): boolean => SEGMENT.test(name);
export const isSegmentOrPartial = (name: string): boolean => SEGMENT_OR_PARTIAL.test(name);

/** Whether a segment lies wholly before another one, on whatever timeline: then nobody who begins at that one reads it. */
export const isBefore = (name: string, first: string): boolean => isSegment(name) && name.slice(TIMELINE_DIGITS) < first.slice(TIMELINE_DIGITS);
