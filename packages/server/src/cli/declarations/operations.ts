/** Commands for whoever runs the machine: they reach files and stores themselves, no server. */
import { InvalidArgumentError, Option } from "commander";
import { addLocalCommand, type CommandGroup } from "../command-line.ts";
import type { RotationOptions } from "../rotate-secrets.ts";

export function declareOperations(group: CommandGroup): void {
  addLocalCommand<{ readonly reset: boolean }>(
    group,
    "create-admin",
    "make the user admin in the database; its password is in ADMIN_PASSWORD, or typed",
    async (context, options) => (await import("../create-admin.ts")).runCreateAdmin(context, options),
  ).option("--reset", "give an admin who is there this password, and end its tokens", false);

  addLocalCommand<RotationOptions>(
    group,
    "rotate-secrets",
    "put a new API_KEY and SECRET_KEY into .env; those of before stay good for a while",
    async (context, options) => (await import("../rotate-secrets.ts")).runRotateSecrets(context, options),
  )
    .option("--file <file>", "the file that holds them", ".env")
    .addOption(
      new Option("--overlap <time>", "how long those of before stay good, as 24h, 90m or 7d; 0: not at all")
        .default(DAY_MS, "24h")
        .argParser(parseOverlap),
    )
    .option("--again", "rotate although the last rotation is not over", false)
    .addOption(new Option("--end", "take those of before away instead").default(false).conflicts(["overlap", "again"]));

  addLocalCommand(group, "clear-cache", "forget the cached answers in Redis, whether or not a server runs", async (context) =>
    (await import("../clear-cache.ts")).runClearCache(context),
  );
}

const DAY_MS = 86_400_000;
const UNITS_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: DAY_MS };
/** A secret that stays good for longer has not been replaced. */
const MAX_OVERLAP_MS = 31 * DAY_MS;

function parseOverlap(raw: string): number {
  if (raw === "0") return 0;
  const [, amount, unit = ""] = /^(\d{1,6})([mhd])$/.exec(raw) ?? [];
  const overlapMs = Number(amount) * (UNITS_MS[unit] ?? Number.NaN);
  if (overlapMs >= 0 && overlapMs <= MAX_OVERLAP_MS) return overlapMs;
  throw new InvalidArgumentError("It must be 0, or a time such as 24h, 90m or 7d, of 31 days at most.");
}
