/** What every user store must do. */
import { beforeEach, describe, expect, it } from "vitest";
import type { User, UserStore } from "../../security/users.ts";

const ADA: User = {
  id: "user-1",
  username: "ada",
  email: "ada@example.org",
  passwordHash: "$argon2id$first",
  isSuperuser: false,
  createdAtMs: 1_700_000_000_000,
  passwordSetAtMs: 1_700_000_000_000,
  disabledAtMs: undefined,
};

/**
 * Registers the contract's tests.
 *
 * @param makeStore returns an empty store; called before each test.
 */
export function userStoreContract(name: string, makeStore: () => UserStore | Promise<UserStore>): void {
  describe(`${name} as a user store`, () => {
    let store: UserStore;
    beforeEach(async () => {
      store = await makeStore();
    });

    it("has nobody at first", async () => {
      expect(await store.listUsers()).toEqual([]);
    });

    it("gives users back as they are, in order of their names", async () => {
      const zoe = { ...ADA, id: "user-0", username: "zoe", isSuperuser: true, disabledAtMs: 1_700_000_000_002 };
      const upper = { ...ADA, id: "user-9", username: "Zacharias" };
      for (const user of [zoe, ADA, upper]) expect(await store.insertUser(user)).toBe(true);
      expect(await store.listUsers()).toEqual([upper, ADA, zoe]);
    });

    it("gives a name to exactly one of several who want it at once", async () => {
      const outcomes = await Promise.all(Array.from({ length: 6 }, (_, index) => store.insertUser({ ...ADA, id: `user-${index}` })));
      expect(outcomes.filter((isNew) => isNew)).toHaveLength(1);
      expect(await store.listUsers()).toHaveLength(1);
    });

    it("replaces a hash, with the time at which a new password was set or without one for the same password", async () => {
      await store.insertUser(ADA);
      await store.insertUser({ ...ADA, id: "user-2", username: "eve" });
      const setAtMs = ADA.createdAtMs + 5_000;
      expect(await store.replacePasswordHash(ADA.id, { replaced: ADA.passwordHash, by: "second", setAtMs })).toBe(true);
      expect(await store.replacePasswordHash(ADA.id, { replaced: "second", by: "third", setAtMs: undefined })).toBe(true);
      const [ada, eve] = await store.listUsers();
      expect(ada).toEqual({ ...ADA, passwordHash: "third", passwordSetAtMs: setAtMs });
      expect(eve?.passwordHash).toBe(ADA.passwordHash);
    });

    it("lets exactly one of several who replace the same hash win", async () => {
      await store.insertUser(ADA);
      const change = (by: string) => store.replacePasswordHash(ADA.id, { replaced: ADA.passwordHash, by, setAtMs: 1 });
      const outcomes = await Promise.all(["a", "b", "c", "d"].map(change));
      expect(outcomes.filter((isDone) => isDone)).toHaveLength(1);
    });

    it("disables a user once, and knows who there is", async () => {
      await store.insertUser(ADA);
      expect(await store.disableUser(ADA.id, 7_000_000_000_000)).toBe(true);
      expect(await store.disableUser(ADA.id, 8_000_000_000_000)).toBe(true);
      expect(await store.disableUser("nobody", 1)).toBe(false);
      expect(await store.listUsers()).toEqual([{ ...ADA, disabledAtMs: 7_000_000_000_000 }]);
    });
  });
}
