/** Who can log in. */
import { RagError } from "@rag-personal/core";
import * as z from "zod";
import type { User } from "../security/users.ts";
import type { AppServices } from "../services.ts";
import { byId, isoTime, isoTimeOrNull, nothing, time } from "./fields.ts";
import { type Immutable, procedure } from "./procedure.ts";
import { schemaNames } from "./schema-names.ts";

const user = z
  .object({
    id: z.string(),
    username: z.string(),
    email: z.string(),
    isSuperuser: z.boolean(),
    createdAt: time,
    disabledAt: time.nullable(),
  })
  .register(schemaNames, { name: "User" });

const newUser = z
  .strictObject({
    // One spelling for each name, so that no two look alike.
    username: z
      .string()
      .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, "must be 1 to 64 of a-z 0-9 . _ - and begin with a letter or a digit")
      .describe("Never changed or given twice."),
    email: z.email().max(200).describe("Nothing is sent to it."),
    password: z.string().min(1).max(1_000).describe("At least 15 characters, and none that everybody tries first."),
    isSuperuser: z.boolean().default(false).describe("A superuser is an administrator."),
  })
  .register(schemaNames, { name: "NewUser" });

const describe = ({ id, username, email, isSuperuser, createdAtMs, disabledAtMs }: User): Immutable<z.output<typeof user>> => ({
  id,
  username,
  email,
  isSuperuser,
  createdAt: isoTime(createdAtMs),
  disabledAt: isoTimeOrNull(disabledAtMs),
});

export function createUserProcedures({ users }: Pick<AppServices, "users">) {
  return {
    create: procedure({
      operation: "users.create",
      input: newUser,
      output: user,
      run: async (request) => describe(await users.create(request)),
    }),
    list: procedure({
      operation: "users.list",
      input: nothing,
      output: z.object({ users: z.array(user) }),
      run: async () => ({ users: (await users.list()).map(describe) }),
    }),
    disable: procedure({
      operation: "users.disable",
      input: byId,
      output: z.void(),
      async run({ id }) {
        if (!(await users.disable(id))) throw new RagError("not_found", "There is no user with this id. GET /admin/users lists them.");
      },
    }),
  };
}
