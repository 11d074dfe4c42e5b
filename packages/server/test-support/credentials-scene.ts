/** Users, API keys and tokens over stores in memory, with a clock that the test moves and stores that it can take away. */
import { RagError } from "@rag-personal/core";
import { createAccessTokens } from "../src/security/access-tokens.ts";
import { createApiKeys } from "../src/security/api-keys.ts";
import { createAuthenticator } from "../src/security/authenticator.ts";
import { createPasswordHashing } from "../src/security/password-hashing.ts";
import { sameSecret } from "../src/security/same-secret.ts";
import { createUsers } from "../src/security/users.ts";
import { createMemoryApiKeyStore, createMemoryUserStore } from "./memory-credentials.ts";

export const ADMIN_PASSWORD = "the goat eats bread at noon";
export const USER_PASSWORD = "a lighthouse without a keeper";
export const CONFIGURED_KEY = "configured-key-of-the-test-0123456789";

/** The store's methods, each failing while the store is away. */
function withOutage<Store extends object>(store: Store, outage: { isAway: boolean }): Store {
  return new Proxy(store, {
    get(target, name, receiver) {
      const method: unknown = Reflect.get(target, name, receiver);
      return outage.isAway ? () => Promise.reject(new RagError("store_unavailable", "away")) : method;
    },
  });
}

export type CredentialsScene = ReturnType<typeof createCredentialsScene>;

export function createCredentialsScene(configuredKey = CONFIGURED_KEY) {
  const time = { ms: 1_760_000_000_000 };
  const outage = { isAway: false };
  const clock = { now: () => time.ms, monotonic: () => time.ms };
  // No test waits for the patience with a slow store to end.
  const timers = { set: () => () => {} };
  const userStore = withOutage(createMemoryUserStore(), outage);
  const apiKeyStore = withOutage(createMemoryApiKeyStore(), outage);
  const hashing = createPasswordHashing();
  /** As another server on the same stores would have them. */
  const createServices = () => ({
    users: createUsers({ store: userStore, hashing, clock, timers }),
    apiKeys: createApiKeys({ store: apiKeyStore, clock, timers, onTouchFailed: () => {} }),
  });
  const services = createServices();
  const tokens = createAccessTokens({ secret: "b4e07d9135c84f6a9a2d6c1f03e8b75c", lifetimeMinutes: 30, nowMs: clock.now });
  const authenticator = createAuthenticator({ isConfiguredKey: sameSecret(configuredKey), tokens, ...services });
  return { ...services, createServices, tokens, authenticator, clock, time, outage, userStore, apiKeyStore, hashing };
}
