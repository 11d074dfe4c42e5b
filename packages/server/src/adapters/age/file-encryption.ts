/** Files closed with age (https://age-encryption.org): whoever holds the key opens them, with this program or with `age -d`. */
import { readFile } from "node:fs/promises";
import { Decrypter, Encrypter } from "age-encryption";
import { ExitError } from "../../exit-error.ts";
import type { Decryption } from "../../operations/backup-sets/set-file.ts";
import type { Encryption } from "../../operations/backup-sets/write-set-file.ts";

/**
 * @param recipients public keys, `age1…`; each of their owners can open what was closed.
 * @throws {ExitError} when one of them is no public key.
 */
export function createEncryption(recipients: readonly string[]): Encryption {
  const encrypter = new Encrypter();
  for (const recipient of recipients) {
    try {
      encrypter.addRecipient(recipient);
    } catch (cause) {
      throw new ExitError(
        `BACKUP_AGE_RECIPIENTS has ${JSON.stringify(recipient.slice(0, 20))}, which is no public key of age; one looks like age1….`,
        { cause },
      );
    }
  }
  return {
    async *encrypt(bytes) {
      yield* await encrypter.encrypt(streamOf(bytes));
    },
  };
}

/**
 * Reads the keys of a file as `age-keygen` makes it, a line each; lines with # are comments.
 *
 * @throws {ExitError} when there is none in it. No key is ever repeated in a message.
 */
export async function readDecryption(identityFile: string): Promise<Decryption> {
  const decrypter = new Decrypter();
  let keys: readonly string[];
  try {
    const lines = (await readFile(identityFile, "utf8")).split("\n").map((line) => line.trim());
    keys = lines.filter((line) => line !== "" && !line.startsWith("#"));
  } catch (cause) {
    throw new ExitError(
      `The keys in ${identityFile} (BACKUP_AGE_IDENTITY_FILE) cannot be read: ${cause instanceof Error ? cause.message : String(cause)}.`,
      {
        cause,
      },
    );
  }
  for (const [index, key] of keys.entries()) {
    try {
      decrypter.addIdentity(key);
    } catch {
      // The library's error may quote what it could not read.
      throw new ExitError(`Key ${index + 1} in ${identityFile} (BACKUP_AGE_IDENTITY_FILE) is none of age; one looks like AGE-SECRET-KEY-1….`);
    }
  }
  if (keys.length === 0) throw new ExitError(`There is no key in ${identityFile} (BACKUP_AGE_IDENTITY_FILE). Make one with age-keygen.`);
  return {
    async *decrypt(bytes) {
      yield* await decrypter.decrypt(streamOf(bytes));
    },
  };
}

function streamOf(bytes: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const source = bytes[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await source.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await source.return?.();
    },
  });
}
