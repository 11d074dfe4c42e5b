/** A small deterministic source of random numbers, so that training twice gives the same model. */

/** Uniform 32-bit integers. */
export type RandomSource = () => number;

/**
 * Counter-based generator: a Weyl sequence passed through the 32-bit finaliser of MurmurHash3.
 * Good enough to mix a random projection; not for secrets.
 */
export function createRandomSource(seed: number): RandomSource {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  };
}
