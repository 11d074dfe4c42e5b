/** `rag create-admin`: the user `admin`, made in the database itself. The password comes from ADMIN_PASSWORD, or is typed; never from the command line. */
import pino from "pino";
import { setUpAdmin } from "../composition/admin-account.ts";
import { readProcessConfig } from "../config.ts";
import { findPasswordFault } from "../security/password-rules.ts";
import { ADMIN_USERNAME, PLACEHOLDER_EMAIL } from "../security/users.ts";
import { readSecret } from "./asking-back.ts";
import type { Context } from "./context.ts";
import { CliError, EXIT } from "./exit-codes.ts";
import { failOnServerErrors } from "./server-errors.ts";

const TOLD = {
  created: `The user ${ADMIN_USERNAME} (${PLACEHOLDER_EMAIL}, superuser) is there now.`,
  unchanged: `The user ${ADMIN_USERNAME} has this password already; nothing was changed.`,
  reset: `The user ${ADMIN_USERNAME} has the new password; tokens issued before have ended.`,
};

export async function runCreateAdmin(context: Context, { reset }: { readonly reset: boolean }): Promise<number> {
  const { output, stdin, stderr } = context;
  return await failOnServerErrors(async () => {
    const config = readProcessConfig();
    if (config.ADMIN_PASSWORD === undefined && stdin.isTTY !== true) throw new CliError(EXIT.usage, "Set ADMIN_PASSWORD to the password of admin.");
    const password = config.ADMIN_PASSWORD ?? (await readSecret(context, `Password of ${ADMIN_USERNAME}`));
    const fault = findPasswordFault(password, ADMIN_USERNAME);
    if (fault !== undefined) throw new CliError(EXIT.usage, `The password ${fault}. Set ADMIN_PASSWORD to another one.`);
    const died = Promise.withResolvers<never>();
    const result = await Promise.race([
      setUpAdmin(config, { password, reset }, { log: pino({ level: "warn" }, stderr), onProgress() {}, onFatal: died.reject }),
      died.promise,
    ]);
    if (result === "kept") {
      throw new CliError(
        EXIT.failed,
        `There is a user ${ADMIN_USERNAME} with another password; nothing was changed. To give it this one, and end its tokens: --reset.`,
      );
    }
    output.data({ username: ADMIN_USERNAME, email: PLACEHOLDER_EMAIL, result }, () => TOLD[result]);
    return EXIT.ok;
  });
}
