import { beforeEach, describe, expect, it } from "vitest";
import { createMemoryUserStore } from "../../test-support/memory-credentials.ts";
import { createPasswordHashing } from "../security/password-hashing.ts";
import type { UserStore } from "../security/users.ts";
import { createAdmin } from "./admin-account.ts";

const NOW_MS = 1_760_000_000_000;
const PASSWORD = "nine goats on a blue roof";
const hashing = createPasswordHashing();

let store: UserStore;
beforeEach(() => {
  store = createMemoryUserStore();
});
const create = (password = PASSWORD, reset = false, nowMs = NOW_MS, users = store) =>
  createAdmin({ password, reset }, { store: users, hashing, nowMs: () => nowMs });

describe("the account of admin", () => {
  it("is made once, as a superuser with the placeholder for an address", async () => {
    expect(await create()).toBe("created");
    expect(await create()).toBe("unchanged");
    const [admin, ...others] = await store.listUsers();
    expect(others).toEqual([]);
    expect(admin).toMatchObject({
      username: "admin",
      email: "admin@example.com",
      isSuperuser: true,
      passwordSetAtMs: NOW_MS,
      disabledAtMs: undefined,
    });
    expect(await hashing.verify(PASSWORD, admin?.passwordHash)).toBe(true);
  });

  it("keeps another password unless that is to be reset, which ends its tokens", async () => {
    await create();
    expect(await create("another good password", false, NOW_MS + 5_000)).toBe("kept");
    expect(await hashing.verify(PASSWORD, (await store.listUsers())[0]?.passwordHash)).toBe(true);
    expect(await create("another good password", true, NOW_MS + 5_000)).toBe("reset");
    const [admin] = await store.listUsers();
    expect(admin?.passwordSetAtMs).toBe(NOW_MS + 5_000);
    expect(await hashing.verify("another good password", admin?.passwordHash)).toBe(true);
  });

  it("is made by one of two who do it at the same time, and the other sees that", async () => {
    expect((await Promise.all([create(), create()])).sort()).toEqual(["created", "unchanged"]);
    expect(await store.listUsers()).toHaveLength(1);
  });

  it("has the password of the last one when somebody else changes it meanwhile", async () => {
    await create();
    const [before] = await store.listUsers();
    let isFirst = true;
    const raced: UserStore = {
      ...store,
      async replacePasswordHash(id, change) {
        if (isFirst && before !== undefined)
          await store.replacePasswordHash(id, { replaced: before.passwordHash, by: await hashing.hash("x"), setAtMs: NOW_MS });
        isFirst = false;
        return await store.replacePasswordHash(id, change);
      },
    };
    expect(await create("another good password", true, NOW_MS, raced)).toBe("reset");
    expect(await hashing.verify("another good password", (await store.listUsers())[0]?.passwordHash)).toBe(true);
  });
});
