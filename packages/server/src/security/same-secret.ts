/** Whether something is the secret that it should be, told in a time that does not depend on it. */
import { hash, timingSafeEqual } from "node:crypto";

const digest = (value: string): Buffer => hash("sha256", value, "buffer");

/** @returns whether a text is the secret. Digests have one length, so the comparison tells nothing about it. */
export function sameSecret(secret: string): (given: string) => boolean {
  const expected = digest(secret);
  return (given) => timingSafeEqual(digest(given), expected);
}
