/** What an administrator asks for, by either transport. */
import { beforeAll, describe, expect, it } from "vitest";
import { ADMIN_PASSWORD, createCredentialsScene } from "../../test-support/credentials-scene.ts";
import { createStandInServices } from "../../test-support/stand-in-services.ts";
import { createApp } from "../app.ts";
import type { AppServices } from "../services.ts";

const scene = createCredentialsScene();
let services: AppServices;
let authorization: string;

beforeAll(async () => {
  await scene.users.ensureAdmin(ADMIN_PASSWORD);
  services = createStandInServices(scene, "00000000-0000-4000-8000-00000000000a");
  const body = new URLSearchParams({ username: "admin", password: ADMIN_PASSWORD });
  const login = await createApp(services).request("/auth/token", { method: "POST", body }, {});
  authorization = `Bearer ${(await login.json()).access_token}`;
});

async function send(path: string, body?: object): Promise<{ readonly status: number; readonly asked: readonly object[] }> {
  const asked: object[] = [];
  const app = createApp({
    ...services,
    takeBackup: (options) => {
      asked.push(options);
      return services.takeBackup(options);
    },
  });
  const json = body === undefined ? {} : { headers: { authorization, "content-type": "application/json" }, body: JSON.stringify(body) };
  const { status } = await app.request(path, { method: "POST", headers: { authorization }, ...json }, {});
  return { status, asked };
}

describe("a backup", () => {
  it.each([
    ["/admin/backup", undefined, false],
    ["/admin/backup?withoutSessions=false", undefined, false],
    ["/admin/backup?withoutSessions=true", undefined, true],
    ["/trpc/admin.backup", {}, false],
    ["/trpc/admin.backup", { withoutSessions: false }, false],
    ["/trpc/admin.backup", { withoutSessions: true }, true],
  ])("has the sessions unless they are to be left out: %s %j", async (path, body, withoutSessions) => {
    expect(await send(path, body)).toEqual({ status: 200, asked: [{ withoutSessions }] });
  });

  it.each([
    ["/admin/backup?withoutSessions=", undefined],
    ["/admin/backup?withoutSessions=1", undefined],
    ["/admin/backup?withoutSession=true", undefined],
    ["/trpc/admin.backup", { withoutSessions: "perhaps" }],
    ["/trpc/admin.backup", { withoutSessions: null }],
  ])("is not taken when it is unclear what was meant: %s %j", async (path, body) => {
    expect(await send(path, body)).toEqual({ status: 400, asked: [] });
  });
});
