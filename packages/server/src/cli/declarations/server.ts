/** Commands that look after a server. */
import { Option } from "commander";
import type { NewKeyOptions, NewUserOptions } from "../administration.ts";
import { addCommand, addGroup, type CommandGroup, repeatable, wholeNumber } from "../command-line.ts";
import type { Context } from "../context.ts";
import type { ReindexOptions } from "../reindex.ts";

export function declareServer(group: CommandGroup): void {
  addCommand(group, "status", "how the server is, what it holds, what it is doing", async (context) =>
    (await import("../status.ts")).runStatus(context),
  );
  declareDoctor(group);
  declareReindex(group);
  addCommand<{ readonly out: string }>(
    group,
    "snapshot",
    "write everything that answers rest on into a file, for a worker at the edge",
    async (context, options) => (await import("../snapshot.ts")).runSnapshot(context, options),
  ).requiredOption("--out <file>", "where to write it");
  addCommand(group, "worker", "ingest files for the servers that share this DATABASE_URL and REDIS_URL, until it is stopped", async (context) =>
    (await import("../worker.ts")).runWorkerCommand(context),
  );
  const admin = addGroup(group, "admin", "figures, users, API keys, and what is set right by hand");
  declareUsers(admin);
  declareKeys(admin);
  addPlain(admin, "stats", "figures of the server", "runStats");
  addPlain(admin, "index", "what is derived from the documents", "runIndex");
  addPlain(addGroup(admin, "breaker", "the breaker of the language model"), "reset", "ask the model again at once", "runBreakerReset");
  addPlain(addGroup(admin, "cache", "answers that are kept"), "clear", "forget them", "runCacheClear");
  declareDoctor(admin);
  declareReindex(admin);
}

type PlainRun = "runStats" | "runIndex" | "runBreakerReset" | "runCacheClear" | "runUsersList" | "runKeysList";

const administration = () => import("../administration.ts");

const addPlain = (group: CommandGroup, name: string, description: string, run: PlainRun): unknown =>
  addCommand(group, name, description, async (context: Context) => (await administration())[run](context));

function declareUsers(admin: CommandGroup): void {
  const users = addGroup(admin, "users", "people who log in");
  addPlain(users, "list", "all users", "runUsersList");
  addCommand<NewUserOptions>(users, "create <name>", "add a user; the password is asked for, or piped in", async (...given) =>
    (await administration()).runUsersCreate(...given),
  )
    .requiredOption("--email <address>", "address of the user")
    .option("--superuser", "may administer the server", false);
  addCommand<{ readonly yes: boolean }>(users, "disable <id>", "end the access of a user", async (...given) =>
    (await administration()).runUsersDisable(...given),
  ).addOption(yesOption());
}

function declareKeys(admin: CommandGroup): void {
  const keys = addGroup(admin, "keys", "API keys");
  addPlain(keys, "list", "all keys, without their secrets", "runKeysList");
  addCommand<NewKeyOptions>(keys, "create <name>", "add a key and print it, this once", async (...given) =>
    (await administration()).runKeysCreate(...given),
  )
    .addOption(repeatable("--allow <operation>", "an operation such as chat.ask; default: what the server allows a key"))
    .addOption(repeatable("--path <prefix>", "only documents whose path begins with this"))
    .option("--per-minute <number>", "requests in a minute at most", wholeNumber(1, 1_000_000))
    .option("--per-day <number>", "requests in a day at most", wholeNumber(1, 1_000_000_000))
    .option("--expires <time>", "when it ends, such as 2030-01-01T00:00:00Z");
  addCommand<{ readonly yes: boolean }>(keys, "revoke <id>", "end a key for good", async (...given) =>
    (await administration()).runKeysRevoke(...given),
  ).addOption(yesOption());
}

const yesOption = (): Option => new Option("--yes", "do not ask whether it is meant").default(false);

const declareDoctor = (group: CommandGroup): unknown =>
  addCommand<{ readonly repair: boolean }>(group, "doctor", "compare all stores with the record of documents", async (context, options) =>
    (await import("../doctor.ts")).runDoctor(context, options),
  ).option("--repair", "mend what differs", false);

const declareReindex = (group: CommandGroup): unknown =>
  addCommand<ReindexOptions>(group, "reindex", "build the vectors anew beside those that answer, then switch to them", async (context, options) =>
    (await import("../reindex.ts")).runReindex(context, options),
  )
    .addOption(new Option("--back", "switch back to the previous generation instead").default(false).conflicts("dropPrevious"))
    .option("--drop-previous", "remove the previous generation instead", false)
    .option("--no-wait", "return as soon as the work has begun");
