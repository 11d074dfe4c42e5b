/** Passwords as argon2id hashes. */

import { hash, verify } from "@node-rs/argon2";
import { RagError } from "@rag-personal/core";

/** The parameters that OWASP's password storage cheat sheet names first for argon2id: 19 MiB, two passes, one lane. */
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
/** How the library's output begins with these parameters; argon2id is its default. */
const CURRENT = `$argon2id$v=19$m=${PARAMETERS.memoryCost},t=${PARAMETERS.timeCost},p=${PARAMETERS.parallelism}$`;

/** One hash takes some 20 ms of a core and 19 MiB; more at once would starve the questions. */
const AT_ONCE = 2;
const WAITING = 50;

export interface PasswordHashing {
  /** In PHC string format, with a salt of its own. */
  hash(password: string): Promise<string>;
  /** Without a hash it takes as long as with one, and is false. */
  verify(password: string, hash: string | undefined): Promise<boolean>;
  /** True when the hash was made with other parameters than new ones are. */
  isOutdated(hash: string): boolean;
}

/** Every method but `isOutdated` throws `overloaded` when too many are waiting. */
export function createPasswordHashing(): PasswordHashing {
  let running = 0;
  const waiting: (() => void)[] = [];
  let decoy: Promise<string> | undefined;

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (running >= AT_ONCE) {
      if (waiting.length >= WAITING) {
        throw new RagError("overloaded", "Too many passwords are being checked. Try again shortly.", { retryAfterSeconds: 2 });
      }
      const { promise: turn, resolve: begin } = Promise.withResolvers<void>();
      waiting.push(begin);
      await turn;
    } else running += 1;
    try {
      return await work();
    } finally {
      // The place goes to the next one, who does not count it anew.
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  }

  const hashInTurn = (password: string): Promise<string> => inTurn(() => hash(password, PARAMETERS));
  return {
    hash: hashInTurn,
    async verify(password, stored) {
      // Made ahead of the branch, so that not even the first unknown name takes longer than a known one.
      decoy ??= hash(crypto.randomUUID(), PARAMETERS);
      const compared = stored ?? (await decoy);
      const isRight = await inTurn(() => verify(compared, password));
      return isRight && stored !== undefined;
    },
    isOutdated: (stored) => !stored.startsWith(CURRENT),
  };
}
