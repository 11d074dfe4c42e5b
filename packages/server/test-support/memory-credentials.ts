/** Stores of users and API keys in memory, for tests of what stands above them. */
import type { ApiKeyRecord, ApiKeyStore } from "../src/security/api-keys.ts";
import type { User, UserStore } from "../src/security/users.ts";

export function createMemoryUserStore(): UserStore {
  const users = new Map<string, User>();
  return {
    async insertUser(user) {
      if ([...users.values()].some(({ username }) => username === user.username)) return false;
      users.set(user.id, user);
      return true;
    },
    async listUsers() {
      return [...users.values()].sort((left, right) => (left.username < right.username ? -1 : 1));
    },
    async replacePasswordHash(id, { replaced, by, setAtMs }) {
      const user = users.get(id);
      if (user?.passwordHash !== replaced) return false;
      users.set(id, { ...user, passwordHash: by, passwordSetAtMs: setAtMs ?? user.passwordSetAtMs });
      return true;
    },
    async disableUser(id, atMs) {
      const user = users.get(id);
      if (user === undefined) return false;
      users.set(id, { ...user, disabledAtMs: user.disabledAtMs ?? atMs });
      return true;
    },
  };
}

export function createMemoryApiKeyStore(): ApiKeyStore {
  const keys = new Map<string, ApiKeyRecord>();
  return {
    async insertApiKey(key) {
      keys.set(key.id, key);
    },
    async listApiKeys() {
      return [...keys.values()].sort((left, right) => right.createdAtMs - left.createdAtMs || (left.id < right.id ? -1 : 1));
    },
    async revokeApiKey(id, atMs) {
      const key = keys.get(id);
      if (key === undefined) return false;
      keys.set(id, { ...key, revokedAtMs: key.revokedAtMs ?? atMs });
      return true;
    },
    async touchApiKey(id, atMs) {
      const key = keys.get(id);
      if (key !== undefined && (key.lastUsedAtMs ?? 0) < atMs) keys.set(id, { ...key, lastUsedAtMs: atMs });
    },
  };
}
