/** PostgreSQL refuses to run as root; root hands it to the user that its package creates. */
import { execFileSync } from "node:child_process";
import { chown } from "node:fs/promises";
import { ExitError } from "../../exit-error.ts";

export interface ProcessOwner {
  /** Undefined: whoever runs us. */
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

/** @throws {ExitError} when we are root and there is no user `postgres`. */
export function postgresOwner(): ProcessOwner {
  if (process.getuid?.() !== 0) return { uid: undefined, gid: undefined };
  try {
    const id = (kind: "-u" | "-g"): number =>
      Number(execFileSync("id", [kind, "postgres"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
    return { uid: id("-u"), gid: id("-g") };
  } catch (cause) {
    throw new ExitError("PostgreSQL does not run as root, and there is no user `postgres` to run it as. Run this command as another user.", {
      cause,
    });
  }
}

/** Gives a folder or file to whom the programs run as. */
export async function giveTo({ uid, gid }: ProcessOwner, path: string): Promise<void> {
  if (uid !== undefined && gid !== undefined) await chown(path, uid, gid);
}

/** Options of a child that runs as the owner. */
export const asOwner = (owner: ProcessOwner | undefined): { uid?: number; gid?: number } => ({
  ...(owner?.uid === undefined ? {} : { uid: owner.uid }),
  ...(owner?.gid === undefined ? {} : { gid: owner.gid }),
});
