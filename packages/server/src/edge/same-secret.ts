/** Whether something is the secret that it should be, told in a time that does not depend on it, with the cryptography of the web. */
import { digest } from "../web-digest.ts";

/** @returns whether a text is the secret. Digests have one length, and all of their bytes are always compared. */
export function sameSecret(secret: string): (given: string) => Promise<boolean> {
  let expected: Promise<Uint8Array> | undefined;
  return async (given) => {
    // No worker may compute before its first request.
    expected ??= digest(secret);
    const [left, right] = await Promise.all([expected, digest(given)]);
    let difference = left.length ^ right.length;
    for (const [at, value] of left.entries()) difference |= value ^ (right[at] ?? 0);
    return difference === 0;
  };
}
