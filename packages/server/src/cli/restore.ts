/** `rag restore`: puts a backup set in the place of what is in use, in one go or step by step. */
import { momentOfSetName } from "../operations/backup-sets/set-name.ts";
import type { Restoration } from "../operations/restoring/restoration.ts";
import type { Context } from "./context.ts";
import { CliError, EXIT } from "./exit-codes.ts";
import { formatTable } from "./table.ts";

export interface RestoreOptions {
  readonly list: boolean;
  readonly dryRun: boolean;
  readonly prepare: boolean;
  readonly switch: boolean;
  readonly finish: boolean;
  readonly back: boolean;
  readonly to?: string;
  readonly latest: boolean;
  readonly walFrom?: string;
  readonly evenIfInUse: boolean;
}

const MS = 1_000;

export async function runRestore(context: Context, options: RestoreOptions, [wanted]: readonly string[]): Promise<number> {
  requireOneStep(options, wanted);
  if (options.list) return await runList(context);
  if (options.dryRun) return await runDryRun(context, wanted ?? "");
  const startedMs = performance.now();
  const [config, { openRestoring }, steps] = await Promise.all([
    context.loadOperationsConfig(),
    import("../composition/restoring.ts"),
    import("../operations/restoring/restore.ts"),
  ]);
  const { output, signal } = context;
  let setName: string | undefined;
  if (wanted !== undefined) setName = await chooseConfiguredSet(config.BACKUP_DIR, wanted);
  else if (options.to !== undefined || options.latest) {
    const { makeSetOfMoment } = await import("../composition/point-in-time.ts");
    setName = (await makeSetOfMoment(config, { toMs: momentOf(options.to), walFrom: options.walFrom, say: output.notice, signal })).name;
  }
  const { services, close } = await openRestoring(config, {
    say: output.notice,
    onProgress: (done, total) => output.progress(`${done} of ${total} rows`),
    signal,
  });
  try {
    const isWhole = !(options.prepare || options.switch || options.finish || options.back);
    const report = (restoration: Restoration | undefined, more: object, inWords: string): number => {
      const seconds = Math.round(performance.now() - startedMs) / MS;
      output.data({ set: restoration?.setName ?? null, state: restoration?.state ?? null, ...more, seconds }, () => `${inWords} (${seconds} s)`);
      return EXIT.ok;
    };
    if (options.finish) {
      const finished = await steps.finishRestore(services);
      const words =
        finished === undefined ? "No restore has left anything behind." : `Finished: what the restore of ${finished.setName} had kept is removed.`;
      return report(finished, {}, words);
    }
    if (options.back) {
      const back = await steps.goBack(services, options);
      return report(back, {}, `The record from before the restore of ${back.setName} is in use again. Start the server.`);
    }
    let more: object = {};
    let words = "";
    if (setName !== undefined) {
      const { rows, sessionKeys, restoration } = await steps.prepareRestore(services, setName);
      more = { rows, sessionKeys: sessionKeys ?? null };
      words = `${rows} rows${sessionKeys === undefined ? "" : ` and ${sessionKeys} keys of sessions`}`;
      if (!isWhole) return report(restoration, more, `Prepared ${setName}: ${words}. Stop the server, then \`rag restore --switch\`.`);
    }
    const switched = await steps.switchToPrepared(services, options);
    return report(
      switched,
      more,
      `Restored ${switched.setName}${words === "" ? "" : `: ${words}`}. Start the server and look at it; then stop it if it keeps its database itself, and
remove what was in use before with \`rag restore --finish\`, or return to that with \`rag restore --back\`.`,
    );
  } finally {
    output.progress("");
    await close();
  }
}

function requireOneStep(
  { list, dryRun, prepare, switch: toSwitch, finish, back, to, latest, walFrom }: RestoreOptions,
  wanted: string | undefined,
): void {
  const steps = [list, dryRun, prepare, toSwitch, finish, back].filter(Boolean).length;
  const sources = [wanted !== undefined, to !== undefined, latest].filter(Boolean).length;
  const wantsSource = !(list || toSwitch || finish || back);
  const mistake =
    steps > 1
      ? "One step at a time."
      : sources > 1
        ? "Say a set, or --to, or --latest: one of them."
        : wantsSource && sources === 0
          ? "Say which set: a day such as 2025-12-24, or a name that `rag restore --list` shows; or --to <time>, or --latest."
          : !wantsSource && sources > 0
            ? "This step takes no set."
            : dryRun && wanted === undefined
              ? "A dry run is of a set."
              : walFrom !== undefined && to === undefined && !latest
                ? "--wal-from goes with --to or --latest."
                : undefined;
  if (mistake !== undefined) throw new CliError(EXIT.usage, mistake);
}

function momentOf(to: string | undefined): number | undefined {
  if (to === undefined) return undefined;
  const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/.test(to) ? Date.parse(to) : Number.NaN;
  if (Number.isNaN(moment)) throw new CliError(EXIT.usage, "--to takes a moment with its time zone, such as 2025-12-24T15:30:00Z.");
  return moment;
}

async function chooseConfiguredSet(directory: string, wanted: string): Promise<string> {
  const [{ listSets }, { chooseSet }] = await Promise.all([import("../operations/list-sets.ts"), import("../operations/restoring/choose-set.ts")]);
  return chooseSet(
    (await listSets(directory)).map(({ name }) => name),
    wanted,
  );
}

async function runList({ output, loadOperationsConfig }: Context): Promise<number> {
  const { listSets } = await import("../operations/list-sets.ts");
  const { BACKUP_DIR } = await loadOperationsConfig();
  const sets = (await listSets(BACKUP_DIR)).map(({ name, manifest, problem }) => ({
    name,
    at: manifest?.snapshotAt ?? new Date(momentOfSetName(name) ?? 0).toISOString(),
    sizeBytes: manifest?.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) ?? null,
    rows: manifest?.tables.reduce((sum, { rows }) => sum + rows, 0) ?? null,
    schemaVersion: manifest?.schemaVersion ?? null,
    encryption: manifest?.encryption ?? null,
    problem: problem?.message ?? null,
  }));
  output.data({ directory: BACKUP_DIR, sets }, () =>
    sets.length === 0
      ? `There is no backup set in ${BACKUP_DIR}.`
      : formatTable([
          ["set", "bytes", "rows", "schema", ""],
          ...sets.map(({ name, sizeBytes, rows, schemaVersion, encryption, problem }) => [
            name,
            String(sizeBytes ?? ""),
            String(rows ?? ""),
            String(schemaVersion ?? ""),
            problem ?? (encryption === "age" ? "encrypted" : ""),
          ]),
        ]),
  );
  return EXIT.ok;
}

/** Reads the set, and the database where that can be read without opening it for ourselves. */
async function runDryRun({ output, loadOperationsConfig, signal }: Context, wanted: string): Promise<number> {
  const config = await loadOperationsConfig();
  const name = await chooseConfiguredSet(config.BACKUP_DIR, wanted);
  const { openConfiguredSet, openRestoring } = await import("../composition/restoring.ts");
  output.notice(`verifying the set ${name}`);
  const set = await openConfiguredSet(config, name);
  await set.close();
  const { manifest } = set;
  let inUse: ReadonlyMap<string, number> | undefined;
  // The embedded database could only be opened by changing its files.
  if (config.DATABASE_URL !== undefined) {
    const { services, close } = await openRestoring({ ...config, REDIS_URL: undefined }, { say: output.notice, signal });
    inUse = await services.target.countRows(manifest.tables.map((each) => each.name)).finally(close);
  }
  const tables = manifest.tables.map((each) => ({
    name: each.name,
    rows: each.rows,
    inUse: inUse === undefined ? null : (inUse.get(each.name) ?? 0),
  }));
  const sessions = manifest.sessions?.entries ?? null;
  output.data({ set: name, snapshotAt: manifest.snapshotAt, schemaVersion: manifest.schemaVersion, tables, sessionKeys: sessions }, () =>
    [
      `${name} is whole: the record of ${manifest.snapshotAt}, schema ${manifest.schemaVersion}${sessions === null ? "" : `, ${sessions} keys of sessions`}.`,
      formatTable([
        ["table", "in the set", "in use"],
        ...tables.map((each) => [each.name, String(each.rows), each.inUse === null ? "not looked at" : String(each.inUse)]),
      ]),
      "A restore would put the set in the place of what is in use. Nothing was changed.",
    ].join("\n"),
  );
  return EXIT.ok;
}
