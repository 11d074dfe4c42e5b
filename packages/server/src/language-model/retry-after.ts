/** The `Retry-After` header: seconds or a date (RFC 9110, section 10.2.3). */

/** A day: a longer wait is no use to somebody who is asking a question, and may be nonsense. */
const LONGEST_SECONDS = 86_400;

/**
 * Whole seconds to wait, from 0 to 86,400; undefined when the header is missing or makes no sense.
 *
 * @param nowMs milliseconds since the epoch, for the date form.
 */
export function parseRetryAfter(header: string | null, nowMs: number): number | undefined {
  const value = header?.trim() ?? "";
  if (/^\d{1,15}(\.\d+)?$/.test(value)) return Math.min(LONGEST_SECONDS, Math.ceil(Number(value)));
  // Only the fixed form of HTTP dates: Date.parse alone would also make a date of "-5" or "soon 7".
  if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(value)) return undefined;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.min(LONGEST_SECONDS, Math.max(0, Math.ceil((at - nowMs) / 1000)));
}
