/** Commands that work beside a server, or in place of one. */
import { addCommand, type CommandGroup } from "../command-line.ts";
import type { DeploymentOptions } from "../deployment.ts";
import type { MigrateOptions } from "../migrate.ts";

export function declareOperating(group: CommandGroup): void {
  addCommand<MigrateOptions>(group, "migrate", "bring the schema of DATABASE_URL up to this version", async (context, options) =>
    (await import("../migrate.ts")).runMigrate(context, options),
  ).option("--check", "only say what is missing, and whether the running version can go on beside it", false);
  addCommand<DeploymentOptions>(group, "deployment", "check the settings of the stack of containers", async (context, options) =>
    (await import("../deployment.ts")).runDeployment(context, options),
  ).option("--secrets <folder>", "write the secrets that containers read as files into this folder");
}
