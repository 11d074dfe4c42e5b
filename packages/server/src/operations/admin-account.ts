/** The user `admin`, made or set right by whoever runs the machine. */
import { randomUUID } from "node:crypto";
import type { PasswordHashing } from "../security/password-hashing.ts";
import { ADMIN_USERNAME, PLACEHOLDER_EMAIL, type UserStore } from "../security/users.ts";

/** `kept`: there is an admin with another password, and it was not to be reset. */
export type AdminAccountResult = "created" | "unchanged" | "reset" | "kept";

/**
 * Makes `admin`, a superuser. One that is there keeps its password, unless `reset`; a new password ends the tokens issued before.
 *
 * @param password has been held to the rules of passwords.
 * @throws RagError `store_unavailable`.
 */
export async function createAdmin(
  { password, reset }: { readonly password: string; readonly reset: boolean },
  { store, hashing, nowMs }: { readonly store: UserStore; readonly hashing: PasswordHashing; readonly nowMs: () => number },
): Promise<AdminAccountResult> {
  const now = nowMs();
  const admin = (await store.listUsers()).find(({ username }) => username === ADMIN_USERNAME);
  if (admin !== undefined && (await hashing.verify(password, admin.passwordHash))) return "unchanged";
  if (admin !== undefined && !reset) return "kept";
  const passwordHash = await hashing.hash(password);
  if (admin !== undefined) {
    const isDone = await store.replacePasswordHash(admin.id, { replaced: admin.passwordHash, by: passwordHash, setAtMs: now });
    // Somebody sets it at this moment: whoever is later wins.
    return isDone ? "reset" : await createAdmin({ password, reset }, { store, hashing, nowMs });
  }
  const isDone = await store.insertUser({
    id: randomUUID(),
    username: ADMIN_USERNAME,
    email: PLACEHOLDER_EMAIL,
    passwordHash,
    isSuperuser: true,
    createdAtMs: now,
    passwordSetAtMs: now,
    disabledAtMs: undefined,
  });
  return isDone ? "created" : await createAdmin({ password, reset }, { store, hashing, nowMs });
}
