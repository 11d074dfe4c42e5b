/** API keys are made, listed and revoked; the key itself is seen once. */
import { RagError } from "@rag-personal/core";
import * as z from "zod";
import { CLIENT_OPERATIONS, KEY_OPERATIONS } from "../policy.ts";
import { keyPrefix } from "../security/api-key-prefix.ts";
import type { ApiKeyRecord } from "../security/api-keys.ts";
import type { AppServices } from "../services.ts";
import { byId, isoTime, isoTimeOrNull, nothing, time } from "./fields.ts";
import { type Immutable, procedure } from "./procedure.ts";
import { schemaNames } from "./schema-names.ts";

/** With the slash at its end, `people/` cannot open `people-archive/`. */
const folder = z
  .string()
  .max(1_000)
  .regex(/^[^/\\]+(?:\/[^/\\]+)*\/$/, "must be a folder below the documents folder and end with a slash, such as handbook/")
  .refine((path) => path.split("/").every((name) => name !== "." && name !== ".."), "must not have . or .. in it")
  .refine((path) => path.isWellFormed() && !path.includes("\0"), "must be text without NUL");

const requests = z.int().min(1).max(1_000_000_000);

const request = z
  .strictObject({
    name: z
      .string()
      .max(100)
      .regex(/^[^\p{C}\p{Zl}\p{Zp}]+$/u, "must be one line of text")
      .refine((name) => name.trim() !== "", "must not be empty")
      .describe("One line of text, for people."),
    operations: z
      .array(z.enum(KEY_OPERATIONS))
      .min(1)
      .default(() => [...CLIENT_OPERATIONS]),
    pathPrefixes: z
      .array(folder)
      .min(1)
      .max(50)
      .optional()
      .describe("Folders below the documents folder, each with a slash at its end. For the key, no other document exists. Default: all."),
    requestsPerMinute: requests.optional().describe("Default: no limit."),
    requestsPerDay: requests.optional().describe("Default: no limit."),
    expiresAt: z.iso.datetime({ offset: true }).optional().describe("In the future. Default: never."),
  })
  .register(schemaNames, { name: "NewApiKey" });

const record = z
  .object({
    id: z.string(),
    name: z.string(),
    prefix: z.string().describe("What the key begins with."),
    operations: z.array(z.enum(KEY_OPERATIONS)),
    pathPrefixes: z.array(z.string()).nullable(),
    requestsPerMinute: z.int().nullable(),
    requestsPerDay: z.int().nullable(),
    createdAt: time,
    expiresAt: time.nullable(),
    revokedAt: time.nullable(),
    lastUsedAt: time.nullable().describe("Right to the minute."),
  })
  .register(schemaNames, { name: "ApiKey" });

const describe = (key: ApiKeyRecord): Immutable<z.output<typeof record>> => ({
  id: key.id,
  name: key.name,
  prefix: keyPrefix(key.id),
  operations: key.operations,
  pathPrefixes: key.pathPrefixes ?? null,
  requestsPerMinute: key.requestsPerMinute ?? null,
  requestsPerDay: key.requestsPerDay ?? null,
  createdAt: isoTime(key.createdAtMs),
  expiresAt: isoTimeOrNull(key.expiresAtMs),
  revokedAt: isoTimeOrNull(key.revokedAtMs),
  lastUsedAt: isoTimeOrNull(key.lastUsedAtMs),
});

export function createApiKeyProcedures({ apiKeys }: Pick<AppServices, "apiKeys">) {
  return {
    create: procedure({
      operation: "apiKeys.create",
      input: request,
      output: record.extend({ key: z.string().describe("Shown in this response and never again.") }).register(schemaNames, { name: "CreatedApiKey" }),
      async run({ expiresAt, operations, name, pathPrefixes, requestsPerMinute, requestsPerDay }) {
        const scope = { operations: [...new Set(operations)], pathPrefixes, requestsPerMinute, requestsPerDay };
        const made = await apiKeys.create({ name, ...scope, expiresAtMs: expiresAt === undefined ? undefined : Date.parse(expiresAt) });
        return { ...describe(made.record), key: made.key };
      },
    }),
    list: procedure({
      operation: "apiKeys.list",
      input: nothing,
      output: z.object({ apiKeys: z.array(record) }),
      run: async () => ({ apiKeys: (await apiKeys.list()).map(describe) }),
    }),
    revoke: procedure({
      operation: "apiKeys.revoke",
      input: byId,
      output: z.void(),
      async run({ id }) {
        if (!(await apiKeys.revoke(id))) throw new RagError("not_found", "There is no API key with this id. GET /admin/api-keys lists them.");
      },
    }),
  };
}
