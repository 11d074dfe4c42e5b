/** Which secrets are none: missing, short, or known to everybody. */

const MINIMUM_SECRET_BYTES = 32;

/** Values that stand in documentation, ours or anybody's, and so are known to everybody. */
const KNOWN_EXAMPLES =
  /^(change[-_ ]?me|your[-_ ]|example|secret|password|test|default|replace[-_ ]|insert[-_ ]|<)|^(.)\2+$|^(0123456789|abcdefghij)/i;

export const isKnownExample = (value: string): boolean => KNOWN_EXAMPLES.test(value);

/** What is wrong with a secret of production; undefined when nothing is. */
export function secretProblem(name: string, value: string | undefined): string | undefined {
  const advice = "create one with: openssl rand -hex 32";
  if (value === undefined) return `${name} is missing; ${advice}`;
  if (isKnownExample(value)) return `${name} is a known example, not a secret; ${advice}`;
  if (new TextEncoder().encode(value).length < MINIMUM_SECRET_BYTES) return `${name} is shorter than ${MINIMUM_SECRET_BYTES} bytes; ${advice}`;
  return undefined;
}
