/** Commands about profiles. */
import { addCommand, addGroup, type CommandGroup } from "../command-line.ts";
import type { NewProfileOptions } from "../profile-commands.ts";

export function declareProfiles(group: CommandGroup): void {
  const profiles = addGroup(group, "profile", "servers remembered by name, with their credentials");
  addCommand<NewProfileOptions>(
    profiles,
    "add <name>",
    "remember the server at --url; the API key or password is asked for, or piped in",
    async (...given) => (await import("../profile-commands.ts")).runProfileAdd(...given),
  ).option("--user <name>", "keep this user's password instead of an API key");
  addCommand(profiles, "list", "all profiles, without their secrets", async (context) =>
    (await import("../profile-commands.ts")).runProfileList(context),
  );
  addCommand(profiles, "use <name>", "take this one when nothing else says which server is meant", async (context, _, operands) =>
    (await import("../profile-commands.ts")).runProfileUse(context, operands),
  );
}
