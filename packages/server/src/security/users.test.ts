import { hash } from "@node-rs/argon2";
import { describe, expect, it } from "vitest";
import { ADMIN_PASSWORD, createCredentialsScene, USER_PASSWORD } from "../../test-support/credentials-scene.ts";

const ADA = { username: "ada", email: "ada@example.org", password: USER_PASSWORD, isSuperuser: false };
const ENDED = { code: "unauthenticated" };

async function createScene() {
  const scene = createCredentialsScene();
  await scene.users.ensureAdmin(ADMIN_PASSWORD);
  const ada = await scene.users.create(ADA);
  const tokenOf = (username: string) => ({ username, issuedAtMs: scene.time.ms });
  return { ...scene, ada, tokenOf };
}

describe("the user admin", () => {
  it("is made with the configured password, and is a superuser", async () => {
    const { users, tokenOf } = await createScene();
    expect(await users.verifyPassword("admin", ADMIN_PASSWORD)).toBe(true);
    expect(await users.identify(tokenOf("admin"))).toEqual({ kind: "admin", id: "admin" });
    expect((await users.list())[0]).toMatchObject({ username: "ada" });
  });

  it("keeps its hash when the configuration is the same, and takes the new password when it is not", async () => {
    const { users, userStore, createServices, time, tokenOf } = await createScene();
    const hashOf = async () => (await userStore.listUsers()).find(({ username }) => username === "admin")?.passwordHash;
    const first = await hashOf();
    await createServices().users.ensureAdmin(ADMIN_PASSWORD);
    expect(await hashOf()).toBe(first);
    const oldToken = tokenOf("admin");
    time.ms += 10_000;
    await createServices().users.ensureAdmin("another configured password");
    expect(await users.verifyPassword("admin", ADMIN_PASSWORD)).toBe(false);
    expect(await users.verifyPassword("admin", "another configured password")).toBe(true);
    await expect(users.identify(oldToken)).rejects.toMatchObject(ENDED);
  });

  it("can neither be disabled nor change its password here, for the configuration would undo it", async () => {
    const { users } = await createScene();
    const admin = (await users.list()).find(({ username }) => username === "admin");
    await expect(users.disable(admin?.id ?? "")).rejects.toMatchObject({ code: "conflict" });
    await expect(users.changePassword("admin", ADMIN_PASSWORD, "a whole new password")).rejects.toMatchObject({ code: "conflict" });
  });
});

describe("users", () => {
  it("log in as soon as another process has made them or changed their password", async () => {
    const { users, userStore, createServices } = await createScene();
    expect(await users.verifyPassword("bob", USER_PASSWORD)).toBe(false);
    await createServices().users.create({ ...ADA, username: "bob" });
    expect(await users.verifyPassword("bob", USER_PASSWORD)).toBe(true);
    expect(await userStore.listUsers()).toHaveLength(3);
  });

  it("log in with their password alone", async () => {
    const { users, tokenOf } = await createScene();
    expect(await users.verifyPassword("ada", USER_PASSWORD)).toBe(true);
    for (const [name, password] of [
      ["ada", ADMIN_PASSWORD],
      ["ada", ""],
      ["Ada", USER_PASSWORD],
      ["nobody", USER_PASSWORD],
      ["__proto__", USER_PASSWORD],
    ] as const) {
      expect(await users.verifyPassword(name, password)).toBe(false);
    }
    expect(await users.identify(tokenOf("ada"))).toEqual({ kind: "user", id: "ada" });
    await expect(users.identify(tokenOf("nobody"))).rejects.toMatchObject(ENDED);
  });

  it("are refused a name that is taken, and a weak password", async () => {
    const { users } = await createScene();
    await expect(users.create(ADA)).rejects.toMatchObject({ code: "conflict" });
    await expect(users.create({ ...ADA, username: "eve", password: "passwordpassword" })).rejects.toMatchObject({
      code: "invalid_request",
      issues: [{ path: "password" }],
    });
  });

  it("lose their tokens and their log-in at once when they are disabled, elsewhere within five seconds", async () => {
    const { users, ada, tokenOf, createServices, time } = await createScene();
    const other = createServices().users;
    const token = tokenOf("ada");
    await other.identify(token);
    expect(await users.disable(ada.id)).toBe(true);
    await expect(users.identify(token)).rejects.toMatchObject(ENDED);
    expect(await users.verifyPassword("ada", USER_PASSWORD)).toBe(false);
    time.ms += 5_000;
    await expect(other.identify(token)).rejects.toMatchObject(ENDED);
    expect(await users.disable("unknown")).toBe(false);
  });

  it("change their password with the old one, which ends the tokens of before", async () => {
    const { users, tokenOf, time } = await createScene();
    const token = tokenOf("ada");
    time.ms += 10_000;
    await expect(users.changePassword("ada", "wrong", "a whole new password")).rejects.toMatchObject({ code: "forbidden" });
    await expect(users.changePassword("ada", USER_PASSWORD, "short")).rejects.toMatchObject({ issues: [{ path: "newPassword" }] });
    await users.identify(token);
    await users.changePassword("ada", USER_PASSWORD, "a whole new password");
    await expect(users.identify(token)).rejects.toMatchObject(ENDED);
    expect(await users.verifyPassword("ada", USER_PASSWORD)).toBe(false);
    expect(await users.verifyPassword("ada", "a whole new password")).toBe(true);
    expect(await users.identify(tokenOf("ada"))).toEqual({ kind: "user", id: "ada" });
  });

  it("get a hash of today's strength when they log in with one of yesterday's, and keep their tokens", async () => {
    const { userStore, createServices, ada, tokenOf, time, hashing } = await createScene();
    const token = tokenOf("ada");
    time.ms += 10_000;
    const weak = await hash(USER_PASSWORD, { memoryCost: 8_192, timeCost: 1, parallelism: 1 });
    await userStore.replacePasswordHash(ada.id, { replaced: ada.passwordHash, by: weak, setAtMs: undefined });
    const { users } = createServices();
    expect(await users.verifyPassword("ada", "wrong")).toBe(false);
    const stored = async () => (await userStore.listUsers()).find(({ id }) => id === ada.id)?.passwordHash ?? "";
    expect(await stored()).toBe(weak);
    expect(await users.verifyPassword("ada", USER_PASSWORD)).toBe(true);
    expect(hashing.isOutdated(await stored())).toBe(false);
    expect(await users.verifyPassword("ada", USER_PASSWORD)).toBe(true);
    expect(await users.identify(token)).toEqual({ kind: "user", id: "ada" });
  });

  it("who are known log in and use their tokens while the store is away; of others nothing is said", async () => {
    const { users, createServices, tokenOf, outage, time } = await createScene();
    const fresh = createServices().users;
    await users.identify(tokenOf("ada"));
    outage.isAway = true;
    for (let minute = 0; minute < 5; minute += 1) {
      time.ms += 60_000;
      expect(await users.identify(tokenOf("ada"))).toEqual({ kind: "user", id: "ada" });
      expect(await users.verifyPassword("ada", USER_PASSWORD)).toBe(true);
    }
    await expect(fresh.identify(tokenOf("ada"))).rejects.toMatchObject({ code: "store_unavailable" });
    await expect(users.create({ ...ADA, username: "eve" })).rejects.toMatchObject({ code: "store_unavailable" });
  });
});
