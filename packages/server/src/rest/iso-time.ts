/** Times as they go over the wire: ISO 8601 in UTC. */

/** @param ms milliseconds since the epoch; undefined becomes null. */
export const isoTime = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());
