/** Fingerprints: short names for content that are the same in every process and, summed, in every order. */

/** Two hashes of 32 bits each. */
export interface Digest {
  readonly first: number;
  readonly second: number;
}

/**
 * Digest of a text. Two independent 32-bit hashes tell apart what ever meets in one cache (a chance meeting of a million states has
 * odds of 1 to 10⁷); nobody gains by forging one, so that a cryptographic hash, which the runtimes offer only asynchronously, is not needed.
 */
export function digestText(text: string): Digest {
  let first = 0x811c9dc5;
  let second = 0x9e3779b9;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    first = Math.imul(first ^ unit, 0x01000193);
    second = Math.imul(second ^ unit, 0x5bd1e995);
    second ^= second >>> 15;
  }
  return { first: finish(first ^ text.length), second: finish(second) };
}

export interface Fingerprint {
  add(digest: Digest): void;
  /** Sixteen hexadecimal digits; zeros when nothing was added. */
  toHex(): string;
}

/** Names bytes by sixteen hexadecimal digits, under the terms of {@link digestText}. */
export function digestBytes(...parts: readonly Uint8Array[]): string {
  let first = 0x811c9dc5;
  let second = 0x9e3779b9;
  for (const bytes of parts) {
    for (let at = 0; at < bytes.length; at += 1) {
      const byte = bytes[at] ?? 0;
      first = Math.imul(first ^ byte, 0x01000193);
      second = Math.imul(second ^ byte, 0x5bd1e995);
      second ^= second >>> 15;
    }
    first ^= bytes.length;
  }
  return [finish(first), finish(second)].map((half) => half.toString(16).padStart(8, "0")).join("");
}

/** Sums digests: a sum, unlike an exclusive or, also tells two equal parts from none. */
export function createFingerprint(): Fingerprint {
  let first = 0;
  let second = 0;
  return {
    add(digest) {
      first = (first + digest.first) >>> 0;
      second = (second + digest.second) >>> 0;
    },
    toHex: () => [first, second].map((half) => half.toString(16).padStart(8, "0")).join(""),
  };
}

/** The 32-bit finaliser of MurmurHash3: every input bit reaches every output bit. */
function finish(value: number): number {
  let hash = value >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
