/** Loaded before a program: moves its time of day by the milliseconds that stand in the file `STEPPING_DATE_FILE`, and nothing else. */
import { readFileSync } from "node:fs";

const LOOK_EVERY_MS = 50;
const file = process.env["STEPPING_DATE_FILE"] ?? "";
let offsetMs = 0;

function look(): void {
  offsetMs = Number(readFileSync(file, "utf8"));
}

const RealDate = Date;
const now = (): number => RealDate.now() + offsetMs;

look();
setInterval(look, LOOK_EVERY_MS).unref();
globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
  apply: () => new RealDate(now()).toString(),
  get: (target, key) => (key === "now" ? now : Reflect.get(target, key)),
});
