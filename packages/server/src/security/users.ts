/** The people who log in: their passwords, their tokens, and the one user that comes from the configuration. */
import { randomUUID } from "node:crypto";
import { RagError, type Timers } from "@rag-personal/core";
import type { Principal } from "../policy.ts";
import type { AccessTokenClaims } from "./access-tokens.ts";
import type { PasswordHashing } from "./password-hashing.ts";
import { findPasswordFault } from "./password-rules.ts";
import { createRecentCopy } from "./recent-copy.ts";

/** Somebody who can log in. Times are milliseconds since the epoch. */
export interface User {
  readonly id: string;
  /** Never changes, so that it can name the owner of sessions. */
  readonly username: string;
  readonly email: string;
  /** argon2id, in PHC string format. */
  readonly passwordHash: string;
  /** Administrators are superusers. */
  readonly isSuperuser: boolean;
  readonly createdAtMs: number;
  /** Tokens issued before have ended. */
  readonly passwordSetAtMs: number;
  /** Undefined for a user who can log in. */
  readonly disabledAtMs: number | undefined;
}

/** The record of users. Every method throws `store_unavailable` when the store is away. */
export interface UserStore {
  /** @returns false when the name is taken. */
  insertUser(user: User): Promise<boolean>;
  /** In order of their names. */
  listUsers(): Promise<User[]>;
  /**
   * Replaces a hash by another one of the same password, or of a new password that was set at a time.
   *
   * @returns false when the stored hash is not `replaced` any more.
   */
  replacePasswordHash(id: string, change: PasswordHashChange): Promise<boolean>;
  /** Keeps the earlier time of one who is disabled already. @returns false for an unknown id. */
  disableUser(id: string, atMs: number): Promise<boolean>;
}

export interface PasswordHashChange {
  readonly replaced: string;
  readonly by: string;
  /** Undefined when the password stays the same. */
  readonly setAtMs: number | undefined;
}

/** What an administrator gives for a new user. */
export interface NewUser {
  readonly username: string;
  readonly email: string;
  readonly password: string;
  readonly isSuperuser: boolean;
}

export interface Users {
  /** Makes sure that `admin` exists with this password, which ends tokens issued under another one. */
  ensureAdmin(password: string): Promise<void>;
  hasAdmin(): Promise<boolean>;
  /** True when the password is right and the user may log in. Takes the same time for an unknown user. */
  verifyPassword(username: string, password: string): Promise<boolean>;
  /** @throws {RagError} `unauthenticated` when the token's user is unknown or disabled, or has a new password since. */
  identify(claims: AccessTokenClaims): Promise<Principal>;
  /** @throws {RagError} `invalid_request` for a weak password, `conflict` for a name that is taken. */
  create(user: NewUser): Promise<User>;
  list(): Promise<User[]>;
  /** @returns false for an unknown id. @throws {RagError} `conflict` for `admin`. */
  disable(id: string): Promise<boolean>;
  /** @throws {RagError} `forbidden` for a wrong old password, `invalid_request` for a weak new one, `conflict` for `admin`. */
  changePassword(username: string, oldPassword: string, newPassword: string): Promise<void>;
}

/** The configured user; nobody else has its name, because it exists before anybody can be made. */
export const ADMIN_USERNAME = "admin";
export const PLACEHOLDER_EMAIL = "admin@example.com";

/**
 * Users over a store, seen through a copy of at most five seconds of age. While the store is away, those who are known can log in and
 * use their tokens to the end: nobody can be disabled in that time either.
 */
export function createUsers({
  store,
  hashing,
  clock,
  timers,
}: {
  store: UserStore;
  hashing: PasswordHashing;
  clock: { now(): number; monotonic(): number };
  timers: Timers;
}): Users {
  const copy = createRecentCopy({ load: async () => byUsername(await store.listUsers()), monotonic: clock.monotonic, timers });
  const find = async (username: string): Promise<User | undefined> => (await copy.get()).get(username);
  const put = (user: User): void => copy.change((users) => new Map([...users, [user.username, user]]));

  async function setPassword(user: User, password: string): Promise<boolean> {
    const change = { replaced: user.passwordHash, by: await hashing.hash(password), setAtMs: clock.now() };
    const isDone = await store.replacePasswordHash(user.id, change);
    if (isDone) put({ ...user, passwordHash: change.by, passwordSetAtMs: change.setAtMs });
    return isDone;
  }

  async function insert({ username, email, password, isSuperuser }: NewUser): Promise<User | undefined> {
    const now = clock.now();
    const passwordHash = await hashing.hash(password);
    const user = { id: randomUUID(), username, email, passwordHash, isSuperuser, createdAtMs: now, passwordSetAtMs: now, disabledAtMs: undefined };
    if (!(await store.insertUser(user))) return undefined;
    put(user);
    return user;
  }

  return {
    async ensureAdmin(password) {
      const admin = await find(ADMIN_USERNAME);
      if (admin === undefined) {
        // When another server was faster, it has the same configuration.
        await insert({ username: ADMIN_USERNAME, email: PLACEHOLDER_EMAIL, password, isSuperuser: true });
      } else if (!(await hashing.verify(password, admin.passwordHash))) await setPassword(admin, password);
    },

    hasAdmin: async () => (await find(ADMIN_USERNAME)) !== undefined,

    async verifyPassword(username, password) {
      // Read now, beside which the hashing is long: whoever was just made by scripts/create-admin is let in at once.
      const user = (await copy.getNow()).get(username);
      const isEnabled = user !== undefined && user.disabledAtMs === undefined;
      if (!(await hashing.verify(password, isEnabled ? user.passwordHash : undefined)) || !isEnabled) return false;
      if (hashing.isOutdated(user.passwordHash)) {
        const change = { replaced: user.passwordHash, by: await hashing.hash(password), setAtMs: undefined };
        // The password is right, whether or not a stronger hash of it could be kept this time.
        const isDone = await store.replacePasswordHash(user.id, change).catch(() => false);
        if (isDone) put({ ...user, passwordHash: change.by });
      }
      return true;
    },

    async identify({ username, issuedAtMs }) {
      const user = await find(username);
      // Tokens know whole seconds; one of the second in which the password was set stays valid.
      const isCurrent = user !== undefined && user.disabledAtMs === undefined && issuedAtMs >= Math.floor(user.passwordSetAtMs / 1_000) * 1_000;
      if (!isCurrent) throw new RagError("unauthenticated", "The access token is no longer valid. Get a new one from POST /auth/token.");
      return { kind: user.isSuperuser ? "admin" : "user", id: user.username };
    },

    async create(user) {
      requireStrong("password", user.password, user.username);
      const created = await insert(user);
      if (created === undefined) throw new RagError("conflict", "There is a user of this name. Names are never given twice.");
      return created;
    },

    list: () => store.listUsers(),

    async disable(id) {
      const user = (await store.listUsers()).find((known) => known.id === id);
      if (user === undefined) return false;
      if (user.username === ADMIN_USERNAME) throw new RagError("conflict", "The user admin comes from the configuration and cannot be disabled.");
      const disabledAtMs = user.disabledAtMs ?? clock.now();
      if (!(await store.disableUser(id, disabledAtMs))) return false;
      put({ ...user, disabledAtMs });
      return true;
    },

    async changePassword(username, oldPassword, newPassword) {
      if (username === ADMIN_USERNAME) {
        throw new RagError(
          "conflict",
          "The password of admin is not set here. Run scripts/create-admin --reset, or change it where it is configured (ADMIN_PASSWORD or DATA_DIR/secrets.json) and restart.",
        );
      }
      requireStrong("newPassword", newPassword, username);
      const user = await find(username);
      const isRight = await hashing.verify(oldPassword, user?.passwordHash);
      if (user === undefined || !isRight) throw new RagError("forbidden", "The old password is wrong.");
      if (!(await setPassword(user, newPassword))) throw new RagError("conflict", "The password was changed by somebody else meanwhile.");
    },
  };
}

const byUsername = (users: readonly User[]): ReadonlyMap<string, User> => new Map(users.map((user) => [user.username, user]));

function requireStrong(field: string, password: string, username: string): void {
  const fault = findPasswordFault(password, username);
  if (fault !== undefined) throw new RagError("invalid_request", `${field}: ${fault}`, { issues: [{ path: field, message: fault }] });
}
