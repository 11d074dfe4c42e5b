/** The Retry-After header, RFC 9110 section 10.2.3: seconds, or a date. */

/**
 * @param date the response's own Date header: against it a date means the same whatever this machine's clock shows.
 * @param nowMs this machine's clock, for a response without one; milliseconds since the epoch.
 * @returns whole seconds, never negative; undefined when there is nothing that can be understood.
 */
export function parseRetryAfter(value: string | null, date: string | null, nowMs: number): number | undefined {
  const text = value?.trim() ?? "";
  if (/^\d{1,9}$/.test(text)) return Number(text);
  // A date has a weekday's name; Date.parse alone would take "-5" or "1.5" for a year.
  const at = /^[A-Z][a-z]{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) return undefined;
  const sentAt = Date.parse(date ?? "");
  return Math.max(0, Math.ceil((at - (Number.isNaN(sentAt) ? nowMs : sentAt)) / 1_000));
}
