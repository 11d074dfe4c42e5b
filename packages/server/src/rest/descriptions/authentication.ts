/** Of the routes for credentials: logging in, API keys and users. */
import type { RouteDescriptions } from "../openapi/route-description.ts";
import { ADMIN_PASSWORD, KEY_ID, USER_ID, USER_PASSWORD } from "./example-values.ts";

const KEY = {
  id: KEY_ID,
  name: "telephone",
  prefix: `rag_${KEY_ID}_`,
  operations: ["chat.ask", "search.run"],
  pathPrefixes: ["handbook/"],
  requestsPerMinute: 20,
  requestsPerDay: null,
  createdAt: "2026-01-01T09:00:00.000Z",
  expiresAt: null,
  revokedAt: null,
  lastUsedAt: null,
};

const USER = {
  id: USER_ID,
  username: "ada",
  email: "ada@example.org",
  isSuperuser: false,
  createdAt: "2026-01-01T09:00:00.000Z",
  disabledAt: null,
};

export const AUTHENTICATION: RouteDescriptions = {
  "POST /auth/token": {
    operationId: "logIn",
    tag: "Authentication",
    summary: "Log in",
    description: `The password grant of OAuth 2.0. The configured administrator is \`admin\`. Other form fields, such as \`grant_type\`, are accepted and not used.

After ten attempts without success for one name from one address within 15 minutes no more are looked at for a while (429).`,
    requests: { admin: { summary: "The administrator", value: { username: "admin", password: ADMIN_PASSWORD } } },
    success: "An access token: a JSON Web Token to be sent as `Authorization: Bearer`.",
    responses: {
      token: {
        summary: "A token for half an hour",
        value: { access_token: "eyJhbGciOiJIUzI1NiJ9.e30.c2ln", token_type: "bearer", expires_in: 1_800 },
      },
    },
    headers: { "Cache-Control": { description: "It is not to be kept.", example: "no-store" } },
    errors: ["rate_limited", "overloaded"],
  },
  "POST /auth/password": {
    operationId: "changePassword",
    tag: "Authentication",
    summary: "Change your password",
    description:
      "All tokens issued before end. A wrong old password (403) counts as an attempt to log in. The password of `admin` is the configured one (409).",
    requests: {
      change: { summary: "A new password", value: { oldPassword: USER_PASSWORD, newPassword: "another sentence that nobody guesses" } },
    },
    success: "It is changed.",
    errors: ["conflict", "rate_limited", "overloaded"],
  },
  "POST /admin/api-keys": {
    operationId: "createApiKey",
    tag: "API keys",
    summary: "Make an API key",
    description: `The key is shown in this response and never again.

For it, no document outside of its \`pathPrefixes\` exists: not in answers, near misses, searches or follow-ups. Its scope cannot be changed: make another
one and revoke this one. Budgets are counted over windows that slide; what is refused costs nothing.`,
    requests: {
      telephone: {
        summary: "Questions about one folder, 20 a minute",
        value: { name: "telephone", operations: ["chat.ask", "search.run"], pathPrefixes: ["handbook/"], requestsPerMinute: 20 },
      },
      everything: { summary: "All that a key can do", value: { name: "laptop" } },
    },
    success: "The key.",
    responses: { key: { summary: "The key, once", value: { ...KEY, key: `rag_${KEY_ID}_…` } } },
    headers: { "Cache-Control": { description: "It is not to be kept.", example: "no-store" } },
  },
  "GET /admin/api-keys": {
    operationId: "listApiKeys",
    tag: "API keys",
    summary: "List the API keys",
    description: "The newest first, those that ended included; never the keys themselves.",
    success: "The keys.",
    responses: { keys: { summary: "One key", value: { apiKeys: [KEY] } } },
  },
  "DELETE /admin/api-keys/:id": {
    operationId: "revokeApiKey",
    tag: "API keys",
    summary: "Revoke an API key",
    description: "It ends at once, and within five seconds on other servers of the same database. One that is revoked already stays so.",
    parameters: { id: { description: "Of the key; `GET /admin/api-keys` lists them.", example: KEY_ID } },
    success: "It is revoked.",
    errors: ["not_found"],
  },
  "POST /admin/users": {
    operationId: "createUser",
    tag: "Users",
    summary: "Make a user",
    description: "The name must not have been given before (409).",
    requests: { ada: { summary: "A user", value: { username: "ada", email: "ada@example.org", password: USER_PASSWORD } } },
    success: "The user.",
    responses: { ada: { summary: "The user", value: USER } },
    errors: ["conflict", "overloaded"],
  },
  "GET /admin/users": {
    operationId: "listUsers",
    tag: "Users",
    summary: "List the users",
    description: "In order of their names.",
    success: "The users.",
    responses: { users: { summary: "One user", value: { users: [USER] } } },
  },
  "POST /admin/users/:id/disable": {
    operationId: "disableUser",
    tag: "Users",
    summary: "Lock a user out",
    description:
      "The user's tokens end at once, and within five seconds on other servers of the same database. `admin` comes from the configuration and cannot be disabled (409).",
    parameters: { id: { description: "Of the user; `GET /admin/users` lists them.", example: USER_ID } },
    success: "The user is locked out.",
    errors: ["not_found", "conflict"],
  },
};
