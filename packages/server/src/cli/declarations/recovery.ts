/** Commands that bring a record back. */
import { addCommand, type CommandGroup, wholeNumber } from "../command-line.ts";
import type { DrillOptions } from "../drill.ts";
import type { RestoreOptions } from "../restore.ts";

export function declareRecovery(group: CommandGroup): void {
  addCommand<RestoreOptions>(group, "restore [set]", "put a backup set in the place of what is in use; with the server stopped", async (...given) =>
    (await import("../restore.ts")).runRestore(...given),
  )
    .option("--list", "show the sets", false)
    .option("--dry-run", "verify the set and tell what would be replaced, and change nothing", false)
    .option("--prepare", "verify and prepare it beside what is in use; the server may run on", false)
    .option("--switch", "put into use what was prepared, or end a switch that was interrupted", false)
    .option("--finish", "remove what was in use before", false)
    .option("--back", "return to what was in use before", false)
    .option("--to <time>", "the record of this moment, out of the continuous archive, such as 2025-12-24T15:30:00Z")
    .option("--latest", "the newest record that the continuous archive has", false)
    .option("--wal-from <folder>", "a pg_wal that outlived its database, for what was not archived")
    .option("--even-if-in-use", "switch although a server is connected; restart it at once", false);
  addCommand<DrillOptions>(group, "drill [set]", "restore a set into scratch stores, start a server on it and ask it a question", async (...given) =>
    (await import("../drill.ts")).runDrillCommand(...given),
  ).option("--timeout <seconds>", "how long it may take", wholeNumber(10, 86_400), 1_800);
}
