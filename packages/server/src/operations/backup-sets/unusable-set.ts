/** Why a backup set cannot be used: which file, what is wrong with it, what to do. */

/** What is wrong, for whoever decides by it. */
export type SetFault =
  /** There is no set of this name. */
  | "no_set"
  /** A file of the set is not there. */
  | "missing"
  /** The folder holds something that no set holds. */
  | "unexpected"
  /** A link, a folder, a pipe or a device where a file should be. */
  | "no_regular_file"
  /** Its bytes are not those that were written. */
  | "damaged"
  /** Whole, and at odds with the manifest beside it: files of two sets, or a folder under the name of another. */
  | "mixed"
  /** Made by a newer version of this program. */
  | "newer"
  /** Encrypted, and no key at hand opens it. */
  | "sealed"
  /** The file system does not give it. */
  | "unreadable";

const ADVICE: Readonly<Record<SetFault, string>> = {
  no_set: "List the sets with `rag backups`.",
  missing: "Use another set, or bring the copy from off the machine.",
  unexpected: "A set holds nothing but what was written into it; move the rest elsewhere if you know where it comes from, or use another set.",
  no_regular_file: "Use another set, or bring the copy from off the machine.",
  damaged: "Use another set, or bring the copy from off the machine.",
  mixed: "Put every file back into the set that it belongs to, or use another set.",
  newer: "Install the version that made it, or a newer one.",
  sealed: "Set BACKUP_AGE_IDENTITY_FILE to the file with the key that opens it.",
  unreadable: "See to it that this user may read the folder.",
};

/** Refused before anything was touched. */
export class UnusableSet extends Error {
  override readonly name = "UnusableSet";
  readonly fault: SetFault;
  /** Name of the set's folder. */
  readonly set: string;
  /** The file of the set that is meant; undefined: the folder itself. */
  readonly file: string | undefined;

  /** @param what is wrong, as the end of a sentence that begins with the file. */
  constructor(
    fault: SetFault,
    { set, file, what }: { readonly set: string; readonly file?: string | undefined; readonly what: string },
    cause?: unknown,
  ) {
    super(`${file === undefined ? `The backup set ${set}` : `${file} of the backup set ${set}`} ${what}. ${ADVICE[fault]}`, { cause });
    this.fault = fault;
    this.set = set;
    this.file = file;
  }
}
